"""nftables of this machine, or of one network namespace: the kernel drops, counts, and ends each block itself."""
