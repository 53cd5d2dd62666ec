"""What feeds say of an indicator, and the operator's registers of known-good things."""
