"""A service in asyncio that answers requests, each at the slot that it names: `python async_service.py`."""

import asyncio
import json
import os

from mailslot import Mailslot, Writer


async def serve(requests: Mailslot[dict]) -> None:
    async for request in requests:
        with Writer(request["answer_to"], dumps=json.dumps) as answers:
            await answers.put_async({"sum": sum(request["numbers"])})


async def ask(numbers: list[int]) -> int:
    # A separate slot for the answer, so that nobody else gets it.
    name = f"example-async/{os.getpid()}/{id(numbers)}"
    with Mailslot(name, loads=json.loads) as answers, Writer("example-async", dumps=json.dumps) as requests:
        requests.put({"numbers": numbers, "answer_to": name})
        return (await asyncio.wait_for(answers.get_async(), 10))["sum"]


async def main() -> None:
    with Mailslot("example-async", loads=json.loads) as requests:
        service = asyncio.create_task(serve(requests))
        print(await asyncio.gather(ask([1, 2]), ask([3, 4, 5]), ask([])))
        service.cancel()


if __name__ == "__main__":
    asyncio.run(main())
