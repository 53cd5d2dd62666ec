"""The messages that can be sent, in English and Chinese. Whoever sends fills in fields; the rest is ours."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
TemplateName: TypeAlias = Literal["case_opened", "case_closed", "approval_needed", "action_taken", "note"]


@dataclass(frozen=True, slots=True)
class Template:
    """One message: a line above, and text below; `{name}` stands for a field."""

    fields: tuple[str, ...]
    subject: dict[Language, str]
    body: dict[Language, str]


TEMPLATES: dict[TemplateName, Template] = {
    "case_opened": Template(
        ("case", "severity", "title"),
        {"en": "[{severity}] Case {case} opened", "zh": "[{severity}] 新建案件 {case}"},
        {
            "en": "Case {case} was opened.\nSeverity: {severity}\nAbout: {title}",
            "zh": "已新建案件 {case}。\n严重程度：{severity}\n内容：{title}",
        },
    ),
    "case_closed": Template(
        ("case", "verdict", "title"),
        {"en": "Case {case} closed: {verdict}", "zh": "案件 {case} 已关闭：{verdict}"},
        {
            "en": "Case {case} was closed.\nVerdict: {verdict}\nAbout: {title}",
            "zh": "案件 {case} 已关闭。\n结论：{verdict}\n内容：{title}",
        },
    ),
    "approval_needed": Template(
        ("case", "action", "until"),
        {"en": "Case {case} waits for approval", "zh": "案件 {case} 等待批准"},
        {
            "en": "Case {case} proposes: {action}\nDecide before: {until}\nApprove or reject in MCPSoc, not by mail.",
            "zh": "案件 {case} 建议：{action}\n请在此之前决定：{until}\n请在 MCPSoc 中批准或拒绝，不要回复本消息。",
        },
    ),
    "action_taken": Template(
        ("case", "action", "outcome"),
        {"en": "Case {case}: action taken", "zh": "案件 {case}：已采取措施"},
        {
            "en": "Case {case}\nAction: {action}\nOutcome: {outcome}",
            "zh": "案件 {case}\n措施：{action}\n结果：{outcome}",
        },
    ),
    "note": Template(
        ("title", "text"),
        {"en": "{title}", "zh": "{title}"},
        {"en": "{text}", "zh": "{text}"},
    ),
}
"""Every template by name."""
FOOTER: dict[Language, str] = {
    "en": "Sent by MCPSoc. Addresses in this message are written so that they cannot be clicked.",
    "zh": "由 MCPSoc 发送。为防误点，消息中的网址已改写。",
}
