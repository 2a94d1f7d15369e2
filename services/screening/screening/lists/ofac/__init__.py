"""The lists of the US Treasury (OFAC), in its three formats.

The SDN list is one list, `us-sdn`, whether it comes as CSV, as sdn.xml or as enhanced XML: entry
ids, names and dates are written alike, so a change of format changes nobody.
"""
