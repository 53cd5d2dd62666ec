"""MISP's REST API as its published OpenAPI document describes it: attributes, warning lists, sightings.

client.py   what is asked     simulator.py   a stand-in for tests, never reached in a configured MISP's place
"""
