"""asyncio: no message and no waiter is lost, whichever task is cancelled."""

import asyncio
import gc
import os
import queue
import random
import threading

import pytest

from mailslot import LocalOrigin, Mailslot, Writer


def test_messages_come_in_order(name: str) -> None:
    async def main() -> list[bytes]:
        with Mailslot(name) as slot, Writer(name) as writer:
            thread = threading.Thread(target=lambda: [writer.put(b"%d" % number) for number in range(2000)])
            thread.start()
            read = [await slot.get_async()]
            message = await slot.receive_async()
            assert isinstance(message.origin, LocalOrigin)
            read.append(message.data)
            async for data in slot:
                read.append(data)
                if len(read) == 2000:
                    break
            thread.join()
            return read

    assert asyncio.run(main()) == [b"%d" % number for number in range(2000)]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("how", ["cancel", "wait_for"])
def test_cancelling_loses_nothing(name: str, seed: int, how: str) -> None:
    chance = random.Random(seed)
    total = 300

    async def main() -> list[bytes]:
        with Mailslot(name) as slot, Writer(name) as writer:
            read: list[bytes] = []

            async def cancelled() -> None:
                task = asyncio.create_task(slot.get_async())
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                task.cancel()
                read.append(await task)

            async def timed_out() -> None:
                read.append(await asyncio.wait_for(slot.get_async(), chance.choice([0, 1e-9, 1e-5, 1e-4])))

            async def reader() -> None:
                while len(read) < total:
                    try:
                        await (cancelled if how == "cancel" else timed_out)()
                    except (asyncio.CancelledError, asyncio.TimeoutError):
                        await asyncio.sleep(0)

            def write() -> None:
                for number in range(total):
                    writer.put(b"%d" % number)

            thread = threading.Thread(target=write)
            thread.start()
            # Several, so that one is cancelled when it was just woken instead of another.
            await asyncio.gather(*(reader() for _ in range(chance.randrange(1, 5))))
            thread.join()
            assert slot.empty()
            return read

    assert sorted(asyncio.run(main()), key=int) == [b"%d" % number for number in range(total)]


@pytest.mark.parametrize("tasks", [1, 2, 50])
def test_any_number_of_tasks_may_wait_and_the_first_gets_the_first(name: str, tasks: int) -> None:
    async def main() -> None:
        with Mailslot(name) as slot, Writer(name) as writer:
            waiting = [asyncio.create_task(slot.get_async()) for _ in range(tasks)]
            await asyncio.sleep(0)
            for number in range(tasks):
                writer.put(b"%d" % number)
                assert await waiting[number] == b"%d" % number

    asyncio.run(main())


def test_loops_of_several_threads_may_wait(name: str) -> None:
    async def consume(slot: Mailslot[bytes]) -> list[bytes]:
        read = []
        async for data in slot:
            if not data:
                break
            read.append(data)
        return read

    with Mailslot(name) as slot, Writer(name) as writer:
        results: queue.Queue[list[bytes]] = queue.Queue()
        threads = [threading.Thread(target=lambda: results.put(asyncio.run(consume(slot)))) for _ in range(4)]
        for thread in threads:
            thread.start()
        data = [b"%d" % number for number in range(2000)]
        for each in data + [b""] * 4:
            writer.put(each)
        for thread in threads:
            thread.join()
        assert sorted(each for _ in threads for each in results.get()) == sorted(data)


def test_flood_leaves_other_tasks_their_turn(name: str) -> None:
    async def main() -> None:
        with Mailslot(name) as slot, Writer(name) as writer:
            for _ in range(5000):
                writer.put(b"")

            async def consume() -> None:
                async for _ in slot:
                    pass

            flood = asyncio.create_task(consume())
            for _ in range(10):
                await asyncio.sleep(0)
            assert not slot.empty()
            flood.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("where", ["in the loop", "in another thread"])
def test_closing_ends_the_waits(name: str, where: str) -> None:
    async def collect(slot: Mailslot[bytes]) -> list[bytes]:
        return [data async for data in slot]

    async def main() -> None:
        for _ in range(20):
            slot = Mailslot(name)
            loops = [asyncio.create_task(collect(slot)) for _ in range(3)]
            get = asyncio.create_task(slot.get_async())
            await asyncio.sleep(0)
            if where == "in the loop":
                slot.close()
            else:
                await asyncio.to_thread(slot.close)
            with Mailslot(name):
                assert await asyncio.gather(*loops) == [[], [], []]
                with pytest.raises(ValueError, match="the mailslot is closed"):
                    await get

    asyncio.run(main())


@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("kept", [True, False])
def test_loops_that_are_closed_with_waiting_tasks_leave_nothing(name: str, tasks: int, kept: bool) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    with Mailslot(name) as slot, Writer(name) as writer:
        left = []

        def closed_loop() -> None:
            loop = asyncio.new_event_loop()
            # The loop reports destroyed tasks, as intended.
            loop.set_exception_handler(lambda *_: None)
            waiting = [loop.create_task(slot.get_async()) for _ in range(tasks)]
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            if kept:
                left.append(waiting)

        closed_loop()
        gc.collect()
        after_one = descriptors()
        for _ in range(20):
            closed_loop()
        gc.collect()
        assert descriptors() <= after_one
        writer.put(b"for the living")
        assert asyncio.run(slot.get_async()) == b"for the living"
        closed_loop()
    left.clear()
    gc.collect()
    assert descriptors() == before


def test_put_waits_for_room_and_a_cancelled_one_writes_nothing(name: str) -> None:
    async def main() -> None:
        with Mailslot(name, capacity=4096) as slot, Writer(name) as writer:
            for _ in range(3):
                await writer.put_async(bytes(1000))
            late = asyncio.create_task(writer.put_async(b"late" * 250))
            cancelled = asyncio.create_task(writer.put_async(b"cancelled" * 120))
            await asyncio.sleep(0)
            assert not late.done()
            cancelled.cancel()
            assert [await slot.get_async() for _ in range(4)] == [bytes(1000)] * 3 + [b"late" * 250]
            await late
            assert cancelled.cancelled() and slot.empty()

    asyncio.run(main())


# A wait that could not begin leaves nothing behind.
OUT_OF_DESCRIPTORS = """
import asyncio, os, resource, sys
from mailslot import Mailslot, Writer

async def main():
    slot, writer = Mailslot(sys.argv[1]), Writer(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for spare in range(6):
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, hard))
        try:
            print(await asyncio.wait_for(slot.get_async(), 0.001))
        except asyncio.TimeoutError:
            print("waited")
        except OSError as error:
            print(os.strerror(error.errno))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        get = asyncio.create_task(slot.get_async())
        await asyncio.sleep(0)
        writer.put("woken")
        assert await get == b"woken"

asyncio.run(main())
"""


def test_wait_without_descriptors_is_an_error_and_the_next_one_is_not(name: str, python) -> None:
    said = python(OUT_OF_DESCRIPTORS, name).finished().decode().splitlines()
    assert said[0] == "Too many open files" and said[-1] == "waited"
    assert set(said) == {"Too many open files", "waited"}
