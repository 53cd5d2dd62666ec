"""Alerts on their way in, and what became of them."""

from fastapi import APIRouter

router = APIRouter(tags=["alerts"])
