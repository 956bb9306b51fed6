"""Jobs for several processes: each job goes to one of them: `python workers.py`."""

import multiprocessing

from mailslot import Mailslot, Writer


def work(jobs: Mailslot[bytes], results: Writer) -> None:
    # An empty job is the end.
    for job in iter(jobs.get, b""):
        results.put(f"{job.decode()} squared is {int(job) ** 2}")


def main() -> None:
    spawn = multiprocessing.get_context("spawn")
    with Mailslot("example-workers/jobs") as jobs, Mailslot("example-workers/results") as results:
        with Writer("example-workers/jobs") as new_jobs, Writer("example-workers/results") as to_results:
            workers = [spawn.Process(target=work, args=(jobs, to_results)) for _ in range(3)]
            for worker in workers:
                worker.start()
            for number in range(10):
                new_jobs.put(str(number))
            for _ in workers:
                new_jobs.put("")
            for line in sorted(results.get().decode() for _ in range(10)):
                print(line)
            for worker in workers:
                worker.join()


if __name__ == "__main__":
    main()
