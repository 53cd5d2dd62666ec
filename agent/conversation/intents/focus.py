"""The part of a profile that was asked for, told first."""

import re
from collections.abc import Sequence
from typing import Final

from agent.conversation.protocol import CouldNotLook, Fact, Said

_BESIDE: Final = 4
"""Other sentences told beside those that answer what was asked."""
_WHOLE: Final = re.compile(
    r"\b(?:know|tell me about|profile|details?|info|everything|all about)\b|了解|信息|介绍|画像|情况"
)
"""Words that ask for everything there is."""
_FOCUS: Final = (
    (r"critical|importan|tier|重要|关键|等级", r"criticality"),
    (r"\bzone|segment|subnet|vlan|网段|区域", r"in the zone"),
    (r"\bips?\b|address|地址", r"address \{ip\}|^\{ip\} is ours"),
    (r"\bkind\b|\btype\b|sort of|类型|哪种|什么机器", r"^\{name\} is an? |network of kind"),
    (r"department|\bdept|\bteam\b|division|部门|团队", r"belongs to"),
    (r"\btitle\b|position|\bjob\b|职位|岗位|职务|\bsite\b|office|where does|办公", r"belongs to"),
    (r"\bwho is\b|real name|person|是谁|姓名", r"belongs to"),
    (r"\basn\b|\bisp\b|provider|hosting|运营商", r"network of kind"),
    (r"internet|exposed|外网|互联网|暴露", r"internet"),
    (r"isolat|隔离", r"isolated"),
    (r"\bblock|封|阻断|拦截", r"block"),
    (r"disabl|enabl|禁用|启用|locked", r"enabled|disabled"),
    (r"quarantin", r"quarantined"),
    (r"\bmfa\b|second factor|two.?factor|2fa|多因素|双因素", r"second factor"),
    (r"privileg|\badmin|特权|管理员", r"privileged|administrator"),
    (r"manager|boss|上级|经理|主管", r"manager"),
    (r"\bgroups?\b|member of|哪个组|组", r"Groups"),
    (r"vulnerab|patch|cve|exploit|漏洞|补丁", r"vulnerab|exploited"),
    (r"owner|owns|owned|belong|whose|who uses|who is using|属于|归属|谁的|负责人|使用者", r"belongs to"),
    (r"\bos\b|operating system|操作系统", r"It runs"),
    (r"agent|代理", r"agent"),
    (r"known good|register|trusted|可信|登记|白名单", r"register"),
    (
        r"malicious|\bbad\b|reputation|threat|suspicious|evil|dangerous|clean|safe|恶意|信誉|情报|可疑|危险|安全",
        r"feed",
    ),
    (r"country|where is|国家|哪里", r"network of kind"),
    (r"sign.?ins?|log.?ins?|logons?|登录", r"[Ss]ign-in"),
    (r"\bcases?\b|\balerts?\b|案件|告警", r"true positive|false positive|needs a human|case"),
    (r"\bran\b|executed|\brun\b|运行|执行", r"It ran|that it ran"),
)
"""What a question may ask for, and the sentences that answer it."""


def first_what_was_asked(said: Sequence[Said], plain: str) -> tuple[Said, ...]:
    """The sentences that answer what was asked in front, and a few of the others in their order behind; all of them
    when nothing in particular was asked. That something could not be looked at is never left out."""
    wanted = [answer for words, answer in _FOCUS if re.search(words, plain)]
    answers = [item for item in said if any(re.search(answer, _template(item)) for answer in wanted)]
    others = [item for item in said if item not in answers]
    if answers and _WHOLE.search(plain) is None:
        kept = others[:_BESIDE]
        others = [item for item in others if item in kept or isinstance(item, CouldNotLook)]
    return (*answers, *others)


def _template(said: Said) -> str:
    return said.claim.template if isinstance(said, Fact) else ""
