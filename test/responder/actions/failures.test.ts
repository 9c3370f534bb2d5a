import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../../../lab/kubernetes/faults.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { listPods, pathOf, placeObject, placePod } from "../../../lab/scenes/pods.ts";
import type { Scene, Step } from "../../../lab/scenes/recorded.ts";
import { tourRules, tourScene } from "../../../lab/scenes/tour.ts";
import { parseAlert } from "../../../responder/alerts/alert.ts";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import { connect } from "../../../responder/kubernetes/client.ts";
import { RetryLater, type Engine } from "../../../responder/engine/engine.ts";
import { Progress } from "../../../responder/engine/progress.ts";
import { respond, type Verdict } from "../../../responder/engine/respond.ts";
import { loadRules } from "../../../responder/rules/load.ts";
import { eventually } from "../../support/eventually.ts";

const rules = loadRules([{ name: "tour.yaml", text: tourRules() }]);

describe("every action, against an API that fails", function () {
  this.timeout(120_000);
  let folder: string;
  let scene: Scene;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "response-engine-failures-"));
    scene = await tourScene();
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { name } of ACTIONNERS) {
    describe(name, () => {
      for (const answer of [503, "reset"] as const) {
        it(`is done when the alert comes again, whichever of its requests the API answered with ${answer}`, async () => {
          const clean = await play(name);
          assert.ok(clean.verdict, clean.refused);
          // a pod whose end was only to be waited for is gone when the alert comes again
          const fits = [clean.verdict.outcome, ...(name === "kubernetes:drain" ? ["gone"] : [])];
          for (const { which, verdict, left, deliveries } of await playEach(name, answer)) {
            assert.deepEqual(left, clean.left, which);
            // a command that has run isn't run again because nobody could look at its pod afterwards
            if (verdict?.outcome === "failed") {
              assert.match(
                verdict.response.output,
                /^.* ran, but whether another pod took the name .* could not be seen/,
              );
              assert.equal(deliveries, 1, which);
              continue;
            }
            assert.ok(fits.includes(verdict?.outcome ?? ""), `${which}: ${verdict?.outcome ?? "not answered"}`);
            // over a connection that was kept, the client itself asks once more
            if (answer !== "reset" || deliveries !== 1) assert.equal(deliveries, 2, which);
          }
        });
      }

      it("says so, and asks for nothing after it, where the API refuses one of its requests for good", async () => {
        for (const { which, verdict, from } of await playEach(name, 403)) {
          assert.equal(verdict?.outcome, "failed", which);
          const said = "response" in verdict ? verdict.response.output : "";
          assert.match(said, /forbidden: injected|answered 403/, which);
          // one pod that can't be evicted doesn't keep the others on the node
          if (name !== "kubernetes:drain") assert.equal(from.length, 1, `${which}, then ${from.slice(1).join(", ")}`);
        }
      });
    });
  }

  interface Played {
    verdict?: Exclude<Verdict, { outcome: "no-match" }>;
    /** Why not, of the last delivery. */
    refused?: string;
    deliveries: number;
    /** Verbs of the requests from the one that went wrong on; none where the action makes fewer requests. */
    from: string[];
    /** What is there afterwards, names of Events and times aside. */
    left: string[];
  }

  /** Plays it once for each of the action's requests, how many that ever are, with that one gone wrong. */
  async function playEach(action: string, answer: Fault["answer"]): Promise<(Played & { which: string })[]> {
    const all: (Played & { which: string })[] = [];
    for (;;) {
      const played = await play(action, { answer, times: 1, after: all.length });
      if (played.from.length === 0) break;
      all.push({ ...played, which: `${answer} to request ${all.length + 1}` });
    }
    assert.notEqual(all.length, 0, `${action} asks nothing of the API`);
    return all;
  }

  /** Delivers the action's alert, up to twice. */
  async function play(action: string, fault?: Fault): Promise<Played> {
    // no process of a pod takes its time to end
    const kubernetes = await startKubernetes({ graceScale: 0 });
    try {
      for (const object of scene.objects ?? []) placeObject(kubernetes, object);
      for (const pod of scene.pods) placePod(kubernetes, pod);
      const step = scene.steps.find(({ title }) => title === action);
      assert.ok(step);
      if (fault) kubernetes.fail(fault);
      return await deliver(kubernetes, step);
    } finally {
      await kubernetes.close();
    }
  }

  async function deliver(kubernetes: Kubernetes, { alert }: Step): Promise<Played> {
    const kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, kubernetes.kubeconfig(kubernetes.adminToken));
    const engine: Engine = {
      rules,
      protectedNamespaces: new Set<string>(),
      cluster: connect(60_000, kubeconfig),
      events: false,
      deduplicationSeconds: 0,
      ownServices: [],
      progress: new Progress(),
    };
    const played: Played = { deliveries: 0, from: [], left: [] };
    while (played.deliveries < 2 && !played.verdict) {
      played.deliveries += 1;
      try {
        const verdict = await respond(parseAlert(JSON.parse(alert)), "key", engine);
        if (verdict.outcome !== "no-match" && "steps" in verdict) played.verdict = verdict;
      } catch (error) {
        if (!(error instanceof RetryLater)) throw error;
        played.refused = error.message;
      }
    }
    // 0 is a request that got no answer
    const wrong = kubernetes.requests.findIndex(({ status }) => [0, 403, 503].includes(status));
    played.from = wrong < 0 ? [] : kubernetes.requests.slice(wrong).map(({ verb }) => verb);
    await untilEnded(kubernetes);
    played.left = kubernetes.store.resources.flatMap((resource) =>
      kubernetes.store
        .list(resource, "")
        .map(
          (object) =>
            `${object.kind} ${pathOf(object)} ${JSON.stringify([object.metadata.labels, object.metadata.annotations, object.spec])}`,
        ),
    );
    return played;
  }

  /** Returns when no pod is on its way out any more. */
  async function untilEnded(kubernetes: Kubernetes): Promise<void> {
    await eventually(
      "every pod that was to end has ended",
      () => Promise.resolve(listPods(kubernetes).every(({ metadata }) => metadata.deletionTimestamp === undefined)),
      { every: 1 },
    );
  }
});
