"""Ordinary life, a day at a time: `workday.py` people at their desks, `machines.py` what runs by itself,
`outside.py` the internet at the door, `calendar.py` the table of streams and how a day is put together."""
