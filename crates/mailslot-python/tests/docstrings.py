"""A plugin for the examples in docstrings: the names that a reader of one method expects."""

import asyncio
import os

import pytest

import mailslot


@pytest.fixture(autouse=True)
def names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(asyncio=asyncio, os=os, Mailslot=mailslot.Mailslot, Writer=mailslot.Writer)
