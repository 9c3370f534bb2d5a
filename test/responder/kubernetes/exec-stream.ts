import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import type { Command, CommandResult } from "../../../responder/kubernetes/cluster.ts";
import type { Credential } from "../../../responder/kubernetes/credentials.ts";
import { ApiError, type Failure } from "../../../responder/kubernetes/errors.ts";
import { commandRunner } from "../../../responder/kubernetes/exec.ts";
import { eventually } from "../../support/eventually.ts";
import { fakeApi, json, status, type FakeApi } from "./api.ts";

/** The first byte of a message on each of the channels. */
export const [STDOUT, STDERR, STATUS] = [1, 2, 3] as const;
export const SUCCESS = { kind: "Status", status: "Success" };

/** One message of the stream. */
export function message(channel: number, data: string | object = ""): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(typeof data === "string" ? data : JSON.stringify(data))]);
}

/** The API's end of the stream of a command, which a test lets say what it likes; a new one for each test. */
export class ExecStream {
  #api: FakeApi | undefined;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.values().next().value ?? false,
  });
  /** What is said on a stream that has been opened. */
  talk: (socket: WebSocket, request: IncomingMessage) => void = () => undefined;
  /** The requests whose streams were opened. */
  upgrades: IncomingMessage[] = [];

  constructor() {
    beforeEach(async () => {
      this.upgrades = [];
      this.#api = await fakeApi((_request, response) => {
        json(response, status(400, "BadRequest", "upgrade required"), 400);
      });
    });
    afterEach(() => this.api.stop());
  }

  get api(): FakeApi {
    return this.#api ?? assert.fail("no test is running");
  }

  /** Opens streams as the API does. */
  opens(): void {
    this.api.upgrade((request, socket, head) => {
      this.upgrades.push(request);
      this.#sockets.handleUpgrade(request, socket, head, (open) => {
        open.on("error", () => undefined);
        this.talk(open, request);
      });
    });
  }

  /** Opens streams, and says this on each. */
  speaks(...messages: (Buffer | string)[]): void {
    this.opens();
    this.talk = (socket) => {
      for (const one of messages) socket.send(one);
    };
  }

  async run(more: Partial<Command> = {}, credential: Partial<Credential> = {}): Promise<CommandResult> {
    const headers = { authorization: "Bearer t" };
    const runner = commandRunner(() => Promise.resolve({ server: this.api.url, headers, tls: {}, ...credential }));
    const command = ["sh", "-c", "a,b; c & d"];
    const asked = { namespace: "default", pod: "alpine", container: "app", command, timeout: 20_000, limit: 1000 };
    return await runner({ ...asked, ...more });
  }

  /** Runs a command that is not begun. */
  async fails(failure: Failure, words: RegExp, more: Partial<Command> = {}): Promise<ApiError> {
    const thrown = await this.run(more).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(thrown instanceof ApiError, String(thrown));
    assert.equal(thrown.failure, failure, thrown.message);
    assert.match(thrown.message, words);
    return thrown;
  }

  /** Returns when no connection is open. */
  async allClosed(): Promise<void> {
    await eventually("the socket is closed", () => Promise.resolve(this.api.open() === 0));
  }
}
