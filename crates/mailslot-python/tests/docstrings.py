"""A plugin for the examples in docstrings: what a reader of one method's text has at hand."""

import asyncio
import os

import pytest

import mailslot


@pytest.fixture(autouse=True)
def names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(asyncio=asyncio, os=os, Mailslot=mailslot.Mailslot, Writer=mailslot.Writer)
