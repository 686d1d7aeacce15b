"""The test phone: a page that calls a secretary through the bridge, without a PBX."""
