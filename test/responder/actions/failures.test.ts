import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../../../lab/kubernetes/faults.ts";
import { startKubernetes, type Kubernetes } from "../../../lab/kubernetes/server.ts";
import { pathOf, placeObject, placePod } from "../../../lab/scenes/pods.ts";
import type { Scene, Step } from "../../../lab/scenes/recorded.ts";
import { tourRules, tourScene } from "../../../lab/scenes/tour.ts";
import { parseAlert } from "../../../responder/alerts/alert.ts";
import { ACTIONNERS } from "../../../responder/actions/catalogue.ts";
import { connect } from "../../../responder/kubernetes/client.ts";
import { NotNow } from "../../../responder/engine/run-rule.ts";
import { respond, type Verdict } from "../../../responder/engine/respond.ts";
import { loadRules } from "../../../responder/rules/load.ts";

const rules = loadRules([{ name: "tour.yaml", text: tourRules() }]);

describe("every action, against an API that fails", () => {
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
      it("is done when the alert comes again, whichever of its requests the API could not answer", async () => {
        const clean = await play(name);
        assert.ok(clean.verdict, clean.refused);
        for (const answer of [503, "reset"] as const) {
          for (let after = 0; after < clean.requests; after += 1) {
            const first = await play(name, { answer, times: 1, after });
            const which = `${answer} to request ${after + 1}`;
            assert.deepEqual(first.left, clean.left, which);
            // a pod whose end was only to be waited for is gone when the alert comes again
            const fits = [clean.verdict.outcome, ...(name === "kubernetes:drain" ? ["gone"] : [])];
            assert.ok(
              fits.includes(first.verdict?.outcome ?? ""),
              `${which}: ${first.verdict?.outcome ?? "not answered"}`,
            );
            assert.equal(first.deliveries, 2, which);
          }
        }
      });

      it("says so, and does nothing after it, where the API refuses one of its requests for good", async () => {
        const { requests } = await play(name);
        for (let after = 0; after < requests; after += 1) {
          const { verdict } = await play(name, { answer: 403, times: 1, after });
          assert.equal(verdict?.outcome, "failed", `request ${after + 1}`);
          assert.match(
            "response" in verdict ? verdict.response.output : "",
            /forbidden: injected|answered 403/,
            `request ${after + 1}`,
          );
        }
      });
    });
  }

  interface Played {
    verdict?: Exclude<Verdict, { outcome: "no-match" }>;
    /** Why not, of the last delivery. */
    refused?: string;
    deliveries: number;
    requests: number;
    /** What is there afterwards, names of Events and times aside. */
    left: string[];
  }

  /** Delivers the action's alert, up to twice. */
  async function play(action: string, fault?: Fault): Promise<Played> {
    const kubernetes = await startKubernetes({ graceScale: 0.001 });
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
    const engine = {
      rules,
      protectedNamespaces: new Set<string>(),
      cluster: connect(5_000, kubeconfig),
      events: false,
      deduplicationSeconds: 0,
    };
    const played: Played = { deliveries: 0, requests: 0, left: [] };
    while (played.deliveries < 2 && !played.verdict) {
      played.deliveries += 1;
      try {
        const verdict = await respond(parseAlert(JSON.parse(alert)), "key", engine);
        if (verdict.outcome !== "no-match" && "steps" in verdict) played.verdict = verdict;
      } catch (error) {
        if (!(error instanceof NotNow)) throw error;
        played.refused = error.message;
      }
    }
    played.requests = kubernetes.requests.length;
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
});
