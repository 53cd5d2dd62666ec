"""What the tools of the mail server take: types that leave nothing to escape in the protocols behind them."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from servers.mail.message import MOST_BYTES

Base64: TypeAlias = Annotated[str, Field(min_length=1, max_length=MOST_BYTES * 4 // 3 + 4)]
MessageId: TypeAlias = Annotated[str, Field(pattern=r'^<[^\x00-\x20"<>\\\x7f-\uffff]{1,250}>$')]
"""As in the header, with its angle brackets; no space, quote, backslash or control character."""
Sender: TypeAlias = Annotated[str, Field(pattern=r'^[^\x00-\x20"*<>@\\\x7f-\uffff]{0,64}@[A-Za-z0-9.-]{1,190}$')]
Url: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]{4,500}$")]
MailboxName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~@-]{1,200}$")]
Boxes: TypeAlias = Annotated[list[MailboxName], Field(min_length=1, max_length=50)]
Folder: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._/&+,-]{1,100}$")]
CountBy: TypeAlias = Literal["sender", "sender_domain", "mailbox", "subject", "attachment"]
