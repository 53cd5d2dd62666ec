"""Pools of names. Everything that is named is drawn from here whatever it is part of, so that no name tells a story."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.strip().splitlines())


FIRST = _words("""
Ada Aiko Amara Anders Anika Antal Arash Aroha Astrid Ayla Bao Beata Benoit Bilal Branka Camila Carlos Chidi
Chloe Dalia Daniel Dario Deniz Dmitri Ebba Eda Eero Elif Emeka Enzo Esra Ewa Farid Fatima Femi Fleur Freya
Gabor Gita Goran Hana Haruto Hassan Helga Hugo Ida Idris Ilse Imani Ines Isak Ivana Jamal Jana Jiho Joao Jonas
Joris Juno Kaito Karim Katya Kees Kemal Kira Kwame Lars Leila Lena Levi Lina Lotte Luca Luis Maeve Maja Malik
Mara Marco Marta Mateo Mei Milan Mina Nadia Naomi Nikos Nils Noor Nora Oksana Olu Omar Paulo Petra Priya Qing
Rafael Rania Ravi Rosa Ruben Saga Sami Sanne Sara Selma Sina Sofia Soren Tariq Teodor Tess Thabo Tomas Uma
Vera Viktor Wei Wiktor Xenia Yara Yuki Zain Zofia
""")

LAST = _words("""
Abadi Achterberg Adeyemi Aguilar Alves Andersen Antunes Arslan Bakker Baptista Barros Bauer Becker Bello Berg
Bianchi Bosman Brandt Castro Chandra Chen Cordeiro Correia Costa Czerny Dahl Dekker Demir Diallo Dijkstra
Duarte Dvorak Eriksen Esposito Faria Fischer Fonseca Fontein Fraser Gallo Garcia Gupta Haas Hansen Hendriks
Hofman Horvat Huang Ibrahim Ito Jansen Jovanovic Kamara Kaya Keller Kim Klein Kovac Kruger Kuipers Lam Larsen
Leal Lim Lindgren Lopes Machado Maes Marques Matos Mendes Meyer Molnar Mori Mulder Musa Nair Ndlovu Nguyen
Nowak Okafor Oliveira Ong Osei Otieno Peeters Pereira Petrov Pinto Popescu Postma Quist Rahman Ramos Reis
Ribeiro Rossi Ruiz Saito Santos Sato Schmidt Silva Singh Smit Sousa Steyn Suzuki Takeda Tan Tavares Toure
Unger Vargas Visser Vogel Vos Wagner Wang Weber Wong Yamada Yilmaz Zhang Zijlstra
""")

WORDS = _words("""
amber anchor aspen basalt beacon birch bramble canal cedar cinder clover cobalt copper coral crane delta drift
ember falcon fern field flint garnet glade granite harbor hazel heron indigo iris jasper juniper keel kestrel
lantern larch laurel linden lumen maple marble meadow meridian mica mosaic nectar north oak olive onyx opal
orchard osprey pearl pine plover poplar prairie quarry quartz quill raven reed ridge river rowan saffron sage
sierra signal silver slate sorrel spruce sterling stone summit tamarind teal thistle tidal topaz umber valley
vantage velvet vista walnut willow winter wren yarrow zephyr
""")

DOMAIN_TAILS = ("", "-cdn", "-sync", "-api", "-cloud", "-docs", "-data", "-portal", "-net", "-apps")
TLD = "example"

DOCUMENTS = _words("""
Agenda Allocation Appendix Briefing Budget Calculation Checklist Contract Costs Delivery Draft Estimate
Expenses Figures Forecast Handover Intake Inventory Invoice Items Ledger Letter Memo Minutes Notes Offer Order
Overview Payroll Plan Planning Prices Proposal Quarter Quote Register Report Request Review Schedule Sheet
Statement Summary Survey Template Timesheet Travel Update
""")

TOOLS = _words("""
agenthelper assetview bridge cachetool clientkit connect console courier deskmate devtool diskview docksync
exporter fieldkit filemate fleetview helperapp hostinfo inspector keeper launcher linkview logview mapper
meter migrate mirror monitor nodeview notifier packer patchmate planner portview printkit probe quickview
reader relay remoteview runner scheduler sessions shell snapview sorter support syncview sysview toolbox
tracer transfer viewer watcher
""")

VENDORS = (
    "Ostrava Systems",
    "Larkspur Software",
    "Kestrel Works",
    "Fenwick Data",
    "Bluegate",
    "Norrland IT",
    "Pallas Tools",
)

WORK_TITLES = _lines("""
Annual review
Audit preparation
Capacity extension
Configuration clean-up
Control assessment
Data move
Environment refresh
External assessment
Housekeeping
Integration work
Maintenance window
Migration wave
Office move
Platform upgrade
Quarterly maintenance
Readiness exercise
Regional visit
Release preparation
Service renewal
Site visit
Storage work
Supplier engagement
System renewal
Team offsite
Transition work
Upgrade follow-up
""")

WORK_NOTES = _lines("""
Agreed with the owner.
As planned in the weekly meeting.
Contact the approver with questions.
Nothing to add.
Owner informed.
Repeats last quarter's work.
Short notice, approved by phone.
See the plan.
""")

SUBJECTS = _lines("""
About Friday
Agenda
Approval needed
Documents for review
Draft for comments
Follow-up
For your information
Invoice
Meeting notes
Minutes
New version
Open points
Order confirmation
Planning
Question
Quote
Re: planning
Reminder
Request
Schedule
Status
Update
Updated figures
Your order
""")

FEEDS = ("open-feed", "sector-exchange", "vendor-feed")
