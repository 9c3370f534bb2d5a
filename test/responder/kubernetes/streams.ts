import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import type { Command, CommandResult } from "../../../responder/kubernetes/cluster.ts";
import type { Credential } from "../../../responder/kubernetes/credentials.ts";
import { ApiError, type Failure } from "../../../responder/kubernetes/errors.ts";
import { commandRunner } from "../../../responder/kubernetes/exec.ts";
import { eventually } from "../../support/eventually.ts";
import { fakeApi, json, status, type FakeApi } from "./api.ts";

/** An API that opens streams for commands; anew for each test. */
export interface Streams {
  readonly api: FakeApi;
  /** The requests that a stream was opened for. */
  readonly upgrades: readonly IncomingMessage[];
  /** Opens a stream for each command, and then does this with it. */
  opens: (talk: (socket: WebSocket, request: IncomingMessage) => void) => void;
  /** The same, and sends these. */
  speaks: (...messages: readonly (Buffer | string)[]) => void;
  run: (more?: Partial<Command>, credential?: Partial<Credential>) => Promise<CommandResult>;
  /** Runs a command that is not begun, for such a reason. */
  fails: (failure: Failure, words: RegExp, more?: Partial<Command>) => Promise<ApiError>;
  allClosed: () => Promise<unknown>;
}

/** Has one from before each test of a block until after it. */
export function withStreams(): Streams {
  let api: FakeApi | undefined;
  let upgrades: IncomingMessage[] = [];
  const known = () => api ?? assert.fail("there is no API outside of a test");

  beforeEach(async () => {
    upgrades = [];
    api = await fakeApi((_request, response) => {
      json(response, status(400, "BadRequest", "upgrade required"), 400);
    });
  });
  afterEach(async () => {
    await api?.stop();
    api = undefined;
  });

  const opens: Streams["opens"] = (talk) => {
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => offered.values().next().value ?? false,
    });
    known().upgrade((request, socket, head) => {
      upgrades.push(request);
      sockets.handleUpgrade(request, socket, head, (open) => {
        open.on("error", () => undefined);
        talk(open, request);
      });
    });
  };
  const run: Streams["run"] = (more = {}, credential = {}) =>
    commandRunner(() =>
      Promise.resolve({ server: known().url, headers: { authorization: "Bearer t" }, tls: {}, ...credential }),
    )({
      namespace: "default",
      pod: "alpine",
      container: "app",
      command: ["sh", "-c", "a,b; c & d"],
      timeout: 20_000,
      limit: 1000,
      ...more,
    });
  return {
    get api() {
      return known();
    },
    get upgrades() {
      return upgrades;
    },
    opens,
    speaks: (...messages) => {
      opens((socket) => {
        for (const one of messages) socket.send(one);
      });
    },
    run,
    fails: (failure, words, more = {}) => failing(run(more), failure, words),
    allClosed: () => eventually("the socket is closed", () => Promise.resolve(known().open() === 0)),
  };
}

async function failing(run: Promise<unknown>, failure: Failure, words: RegExp): Promise<ApiError> {
  const thrown = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ApiError, String(thrown));
  assert.equal(thrown.failure, failure, thrown.message);
  assert.match(thrown.message, words);
  return thrown;
}
