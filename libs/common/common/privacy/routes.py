"""Routes that every service has, because data protection asks the same of each."""

from __future__ import annotations

from common.web.blueprint import Blueprint

COMMON_ROUTES: tuple[Blueprint, ...] = ()
