"""A telephone and a FreeSWITCH that are not there, for the Lua scripts that are.

The shipped scripts run unchanged in a Lua 5.2 runtime, against a `session` and a `freeswitch` that behave as a
real FreeSWITCH was seen to behave, and talk to a real service over real HTTP. Time is the line's sample clock.
"""
