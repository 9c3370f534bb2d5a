/**
 * What the responder is compared with: a process that sends nothing but DELETEs with a UID as precondition, by Node's own
 * client over connections that it keeps. It is bundled like the responder, and told what to do by messages.
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { argv } from "node:process";
import { performance } from "node:perf_hooks";
import { inTurn } from "./load.ts";

/** One pod to delete. */
export interface Target {
  namespace: string;
  name: string;
  uid: string;
}

/** What it is asked: to delete these, so many at a time. */
export interface Order {
  targets: readonly Target[];
  concurrency: number;
}

/** How long each DELETE took, in milliseconds; `seconds` for all of them. */
export interface Times {
  each: number[];
  seconds: number;
}

/** What it is started with, as JSON in its one argument; `first` is deleted at once. */
export interface Settings {
  url: string;
  caFile: string;
  token: string;
  first?: Target;
}

const { url, caFile, token, first } = JSON.parse(argv[2] ?? "{}") as Settings;
const agent = new Agent({ keepAlive: true, ca: readFileSync(caFile) });

function remove({ namespace, name, uid }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const body = JSON.stringify({ gracePeriodSeconds: 0, preconditions: { uid } });
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      // Node sends none for a DELETE by itself, and the server would take the body for the next request
      "content-length": Buffer.byteLength(body),
    };
    const sent = request(
      `${url}/api/v1/namespaces/${namespace}/pods/${name}`,
      { method: "DELETE", headers, agent },
      (response) => {
        response.resume();
        response.once("error", reject);
        response.once("end", () => {
          if (response.statusCode === 200) resolve(performance.now() - started);
          else reject(new Error(`DELETE of ${namespace}/${name} was answered ${response.statusCode ?? 0}`));
        });
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
}

process.on("message", ({ targets, concurrency }: Order) => {
  void inTurn(targets, concurrency, remove).then((times) => process.send?.(times satisfies Times));
});
if (first) await remove(first);
process.send?.("ready");
