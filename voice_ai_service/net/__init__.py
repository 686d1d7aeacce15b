"""Reaching addresses that a tenant typed in, without reaching what only we may."""
