"""The words of a report, in every language it is written in."""

from typing import Final, Literal

Language = Literal["en", "zh"]

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "case": ("Case", "案件"),
    "synthetic": (
        "Synthetic: this case comes from a simulated enterprise. No real person, host or address is meant.",
        "模拟数据：此案件来自模拟企业，不涉及任何真实的人员、主机或地址。",
    ),
    "what_happened": ("What happened", "发生了什么"),
    "did_it_work": ("Did it work", "是否得手"),
    "who_and_where": ("Who and where", "涉及谁、在哪里"),
    "still_going_on": ("Is it going on", "是否仍在继续"),
    "what_to_do_now": ("What to do now", "现在该做什么"),
    "true_positive": ("True positive", "真实攻击"),
    "benign_true_positive": ("Authorised activity", "已授权的活动"),
    "false_positive": ("False positive", "误报"),
    "needs_human": ("Needs a person", "需要人工判断"),
    "not_evaluable": ("Not evaluable", "无法评估"),
    "severity": ("Severity", "严重程度"),
    "priority": ("Priority", "优先级"),
    "likelihood": ("Likelihood", "可能性"),
    "outcome": ("Outcome", "结果"),
    "basis": ("Basis", "依据"),
    "informational": ("informational", "提示"),
    "low": ("low", "低"),
    "medium": ("medium", "中"),
    "high": ("high", "高"),
    "critical": ("critical", "严重"),
    "attempted": ("attempted", "有尝试"),
    "blocked": ("blocked", "已阻止"),
    "succeeded": ("succeeded", "已得手"),
    "unknown": ("unknown", "未知"),
    "full": ("full", "完整"),
    "partial": ("partial", "部分"),
    "single_source": ("single source", "单一来源"),
    "alert_only": ("alert only", "仅告警"),
    "verified_n": (
        "{verified}/{total} claims re-verified while this page was written",
        "生成本页时重新验证：{verified}/{total} 条陈述成立",
    ),
    "struck_n": ("{count} struck", "{count} 条被划去"),
    "hashes_n": ("{good}/{total} evidence hashes match", "{good}/{total} 份证据的哈希一致"),
    "broken": ("This page no longer holds: see what is marked below", "本页内容已不成立，请看下方标记"),
    "weighed": ("How likely, and why", "可能性及其理由"),
    "weighed_note": (
        "What the alert says by itself, by group, and what the evidence adds; likelihood is the sigmoid of the sum.",
        "告警本身按组给出的分值，加上证据的分值；可能性是总和的 sigmoid。",
    ),
    "evidence_part": ("evidence", "证据"),
    "evidence_part_why": (
        "best malicious explanation less the best other one, from the matrix above",
        "上表中最佳恶意解释的得分减去最佳其他解释的得分",
    ),
    "sum": ("Sum", "合计"),
    "timeline": ("Timeline", "时间线"),
    "timeline_alt": ("Events of the case by sensor, over time", "按传感器和时间排列的案件事件"),
    "alert_mark": ("alert", "告警"),
    "tone_bad": ("failed", "失败"),
    "tone_good": ("succeeded", "成功"),
    "tone_plain": ("other event", "其他事件"),
    "not_covered": ("not covered", "无覆盖"),
    "graph": ("Who touched what", "谁接触了什么"),
    "graph_alt": (
        "Addresses, accounts, hosts and processes of the case, and how they are connected",
        "案件中的地址、账户、主机、进程及其关系",
    ),
    "source": ("Source", "来源"),
    "account": ("Account", "账户"),
    "host": ("Host", "主机"),
    "process": ("Process or file", "进程或文件"),
    "target": ("Destination", "去向"),
    "more": ("+{count} more", "另有 {count} 个"),
    "names_tried": ("{count} names tried", "尝试了 {count} 个用户名"),
    "matrix": ("Competing explanations", "相互竞争的解释"),
    "matrix_note": (
        "Each row is a finding, each column an explanation: positive speaks for it, negative against it. What an "
        "attacker may have written never speaks for innocence; one question adds only so much to a sum.",
        "每行是一项发现，每列是一种解释：正数支持，负数反对。可能由攻击者写入的内容不能证明无辜；每个问题对合计的影响有上限。",
    ),
    "finding": ("Finding", "发现"),
    "malicious": ("malicious", "恶意"),
    "authorised": ("authorised", "已授权"),
    "benign": ("benign", "良性"),
    "decides": ("decides", "决定性"),
    "claims": ("Claims", "陈述"),
    "claims_note": (
        "Each statement is read from the evidence by code. Open one to see the path it reads and what is there.",
        "每条陈述都由代码从证据中读出。展开可见所读路径及其内容。",
    ),
    "verified": ("verified", "已验证"),
    "struck": ("struck", "已划去"),
    "struck_because": ("Struck because", "划去原因"),
    "no_longer": ("no longer holds", "已不成立"),
    "nothing_there": ("nothing there", "该处为空"),
    "and_more": ("and {count} more values", "另有 {count} 个值"),
    "gates": ("Gates", "关卡"),
    "gates_note": (
        "Every verdict passes these in order; none ever closes what was open.",
        "每个结论依次通过这些关卡；关卡从不关闭未决的案件。",
    ),
    "gate": ("Gate", "关卡"),
    "result": ("Result", "结果"),
    "reason": ("Reason", "理由"),
    "passed": ("passed", "通过"),
    "noted": ("noted", "有说明"),
    "gaps": ("What could not be looked at", "未能查看的内容"),
    "gaps_query": ("The query that would settle it", "能够给出定论的查询"),
    "required": ("required", "必需"),
    "authorisation": ("Authorisation", "授权"),
    "deconfliction": (
        "Covered by register entry {entry}. Tell the owner of that engagement before acting.",
        "由授权登记 {entry} 覆盖。处置之前请先与该任务负责人确认。",
    ),
    "actions": ("Proposed actions", "建议的处置"),
    "actions_note": (
        "Nothing was done. Targets are read from evidence when somebody approves.",
        "尚未执行。目标在批准时从证据中读取。",
    ),
    "people": ("People", "人员"),
    "machine": ("Machine", "机器"),
    "human": ("Person", "人员"),
    "nobody_yet": ("nobody has decided yet", "尚无人判定"),
    "notes": ("Notes", "备注"),
    "evidence": ("Evidence", "证据"),
    "evidence_note": (
        "Every answer as it came. Colour and letter say who wrote a value:",
        "每份答复均为原样。颜色与字母表示数值由谁写入：",
    ),
    "T0": ("operator", "运营方"),
    "T1": ("sensor", "传感器"),
    "T2": ("possibly an attacker", "可能是攻击者"),
    "T3": ("a model", "模型"),
    "asked": ("Asked", "提问时间"),
    "arguments": ("Arguments", "参数"),
    "sensor": ("Sensor", "传感器"),
    "hash": ("SHA-256", "SHA-256"),
    "hash_bad": ("does not match the data", "与数据不符"),
    "raw": ("Raw JSON", "原始 JSON"),
    "cut": ("cut short by the server", "被服务器截断"),
    "simulated": ("simulated", "模拟"),
    "success": ("answered", "有答复"),
    "no_data": ("nothing found", "无结果"),
    "error": ("error", "错误"),
    "stale": ("stale", "过时"),
    "refused": ("refused", "被拒绝"),
    "not_shown": ("{count} more values are in the raw JSON", "另有 {count} 个值见原始 JSON"),
    "alerts": ("Alerts", "告警"),
    "repeats": ("came {count} more times", "又出现 {count} 次"),
    "linked": ("Linked cases", "关联案件"),
    "due": ("due", "期限"),
    "owner": ("owner", "负责人"),
    "status": ("status", "状态"),
    "status_new": ("new", "新建"),
    "status_investigating": ("investigating", "调查中"),
    "status_open": ("open", "未处理"),
    "status_taken": ("taken", "已接手"),
    "status_closed": ("closed", "已关闭"),
    "not_investigated": ("This case has not been investigated yet.", "此案件尚未调查。"),
    "rule_logic": ("rule logic", "规则逻辑"),
    "bad_data": ("bad data", "数据有误"),
    "bad_intel": ("bad intelligence", "情报有误"),
    "authorised_test": ("authorised test", "授权测试"),
    "admin_work": ("administrative work", "管理操作"),
    "business_software": ("business software", "业务软件"),
    "confirmed_attack": ("confirmed attack", "确认的攻击"),
    "decided": ("How it was decided", "如何作出决定"),
    "decided_by": ("Decided by", "决定者"),
    "models": ("Models", "模型"),
    "left_out": ("Left out", "略去"),
    "differs": ("Model and evidence differ", "模型与证据不一致"),
    "stability": ("Stability", "稳定性"),
    "footer": (
        "Investigated by the {brain} brain in {seconds} s: {calls} calls, {rounds} rounds, playbook {playbook}.",
        "由 {brain} 推理器在 {seconds} 秒内完成调查：{calls} 次调用，{rounds} 轮，剧本 {playbook}。",
    ),
}


def word(name: str, language: Language, **values: str | int) -> str:
    """The word or sentence of that name.

    Raises: KeyError for a name the catalogue does not have."""
    text = _WORDS[name][0 if language == "en" else 1]
    return text.format_map(values) if values else text


def names() -> frozenset[str]:
    """Every name of the catalogue."""
    return frozenset(_WORDS)


def percent(likelihood: float) -> str:
    """A likelihood as people say it: never certain."""
    if likelihood < 0.01:
        return "< 1 %"
    return "> 99 %" if likelihood > 0.99 else f"{likelihood * 100:.0f} %"
