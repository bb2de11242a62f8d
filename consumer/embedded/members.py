"""A MongoDB replica set of several members on this machine, to try what happens when one of them goes.

Each member is a process of its own with a small cache and a small oplog. They elect within a second or two.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping
from pathlib import Path

from consumer.embedded import mongod
from consumer.embedded.errors import EmbeddedError
from consumer.embedded.ports import choose
from consumer.embedded.processes import ServerProcess
from consumer.embedded.waiting import wait_for
from consumer.mongo import Document, MongoClient, PyMongoError

_DEADLINE = 60
_PATIENCE = 20
_QUICK_ELECTIONS = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 250}


class MemberSet:
    """The members of one set, kept in a folder. Methods raise EmbeddedError in one line when it cannot be done.

    oplog: megabytes of each member's oplog. With 1, history is lost after a megabyte of writes and a second.
    """

    def __init__(self, folder: Path, *, members: int, oplog: int) -> None:
        self._folder = folder
        self._names = tuple(f"member-{number}" for number in range(members))
        self._oplog = oplog
        self._processes = {name: ServerProcess(name, folder / name) for name in self._names}
        self._ports: Mapping[str, int] = {}

    @property
    def address(self) -> str:
        """The connection string for clients; after `start`."""
        hosts = ",".join(self._host(name) for name in self._names)
        return f"mongodb://{hosts}/?replicaSet={mongod.REPLICA_SET}"

    def start(self) -> None:
        """Start the members that do not run, and wait until one is primary and the majority takes writes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._ports:
            self._ports = choose(self._folder / "ports.json", self._names, random.Random())  # noqa: S311  no secret
        for name in self._names:
            self.start_member(name)
        if not wait_for(self._answers, _DEADLINE):
            raise EmbeddedError(f"the members in {self._folder} do not answer: see output.log of each")
        self._initiate()
        if not wait_for(self._writes, _DEADLINE):
            raise EmbeddedError(f"the members in {self._folder} elect no primary: see output.log of each")

    def start_member(self, name: str) -> None:
        """Start this member unless it runs. Returns at once."""
        process = self._processes[name]
        if not process.running():
            ports = {"mongod": self._ports[name]}
            process.launch(mongod.prepare(process.folder, ports, oplog=self._oplog, cache=0.25))

    def kill_member(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        pid = self._processes[name].pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not self._processes[name].running(), _PATIENCE)

    def primary(self) -> str:
        """The member that is primary now; empty when none is."""
        for name in self._names:
            try:
                with self._direct(name) as client:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return name
            except PyMongoError:
                continue
        return ""

    def stop(self) -> None:
        """End every member at once; what they hold is not kept safe."""
        for name in self._names:
            self.kill_member(name)

    def _host(self, name: str) -> str:
        return f"127.0.0.1:{self._ports[name]}"

    def _direct(self, name: str) -> MongoClient[Document]:
        return MongoClient(f"mongodb://{self._host(name)}", directConnection=True, serverSelectionTimeoutMS=500)

    def _answers(self) -> bool:
        try:
            for name in self._names:
                with self._direct(name) as client:
                    client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def _initiate(self) -> None:
        members = [{"_id": number, "host": self._host(name)} for number, name in enumerate(self._names)]
        config = {"_id": mongod.REPLICA_SET, "version": 1, "members": members, "settings": _QUICK_ELECTIONS}
        with self._direct(self._names[0]) as client:
            mongod.initiate(client, config)

    def _writes(self) -> bool:
        try:
            with MongoClient[Document](
                self.address, serverSelectionTimeoutMS=500, w="majority", wTimeoutMS=2000
            ) as all_:
                mongod.write(all_)
        except PyMongoError:
            return False
        return True
