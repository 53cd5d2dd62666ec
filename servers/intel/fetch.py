"""`python -m servers.intel.fetch`: bring the STIX store up to date. A timer of the operator's runs it.

It fails (exit code 1) when any feed could not be fetched; the others are fetched nevertheless.
"""

import sys

from servers.errors import ConfigurationError, ToolError
from servers.intel.feeds import fetch, store_path
from servers.intel.settings import IntelSettings
from servers.intel.stix import StixStore
from servers.kit.server import wall_clock
from servers.settings import Settings


def main() -> int:
    """Fetch every feed and say what came of it."""
    failed = seen = 0
    try:
        settings = IntelSettings()
        store = StixStore(store_path(settings, Settings().root))
        for outcome in fetch(settings, store, wall_clock):
            seen += 1
            failed += outcome.problem is not None
            told = f"{outcome.kept} objects new or changed, {outcome.refused} refused"
            why = outcome.problem
            print(f"{outcome.feed}: {told if why is None else f'{why.code}: {why.message}'}")
    except (ConfigurationError, ToolError) as error:
        print(error, file=sys.stderr)
        return 1
    if not seen:
        print("no feed is configured: set MCPSOC_INTEL_BUNDLES or MCPSOC_INTEL_TAXII_COLLECTION", file=sys.stderr)
    return 1 if failed or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
