"""The part of a profile that was asked for, told first."""

import re
from collections.abc import Sequence
from typing import Final

from agent.conversation.protocol import Fact, Said

_FOCUS: Final = (
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
    """The sentences that answer what was asked in front, all others in their order behind."""
    wanted = [answer for words, answer in _FOCUS if re.search(words, plain)]
    return tuple(sorted(said, key=lambda item: not any(re.search(answer, _template(item)) for answer in wanted)))


def _template(said: Said) -> str:
    return said.claim.template if isinstance(said, Fact) else ""
