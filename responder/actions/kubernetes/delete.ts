import { apiErrorOf, isNotFound } from "../../kubernetes/errors.ts";
import { ifThere } from "../../kubernetes/if-there.ts";
import { DELETABLE, PODS, type Resource } from "../../kubernetes/resources.ts";
import { OBJECT, shaped } from "../../kubernetes/shapes.ts";
import { isUid } from "../../names.ts";
import { actionner } from "../actionner.ts";
import { isYounger } from "../age.ts";
import { mirrorOf, staticPodResult } from "../pods/find-pod.ts";
import { isOtherUid } from "../pods/gone-or-replaced.ts";
import { deletionShown } from "../shown.ts";
import { resourceOf, subjectOf } from "../subject.ts";

interface Parameters {
  resources: readonly Resource[];
}

export const deleteResource = actionner<Parameters>({
  name: "kubernetes:delete",
  description: "Deletes the resource that an audit alert names, where it is as old as the alert at least",
  targets: ["object"],
  continue: false,
  repeatable: true,
  disrupts: 1,
  givesOutput: false,
  parameters: {
    resources: {
      description: "The resources it may delete, which the role allows, and no others",
      allowed: `a list of ${DELETABLE.map(({ name }) => name).join(", ")}, such as [configmaps]; falco-talon deletes any kind where it isn't given, which is not taken here`,
      schema: { type: "array", minItems: 1, items: { enum: DELETABLE.map(({ name }) => name) } },
      default: [],
      required: true,
      parse: (value) => {
        if (!Array.isArray(value) || value.length === 0) return undefined;
        const found = value.map((name: unknown) => DELETABLE.find((known) => known.name === name));
        return found.every((one) => one !== undefined) ? found : undefined;
      },
    },
  },
  permissions: ({ resources }) =>
    resources.map(({ name, group }) => ({ apiGroup: group, resource: name, verbs: ["get", "delete"] })),
  example: `- action: Delete the suspicious resource
  actionner: kubernetes:delete
  parameters:
    resources:
      - configmaps
      - services
`,
  run: async ({ alert, cluster }, { resources }) => {
    const subject = subjectOf(alert, "object");
    if ("outcome" in subject) return subject;
    const { object, pod } = alert.named;
    const resource = object && resourceOf(object);
    if (!resource || !resources.includes(resource)) {
      const message = `${object?.resource ?? ""} are not among the action's resources (${resources.map(({ name }) => name).join(", ")})`;
      return { outcome: "failed", message };
    }
    const { described, reference } = subject;
    const at = { resource, name: reference.name, namespace: reference.namespace };
    const gone = { outcome: "gone", message: `${described} is already gone` } as const;
    const answer = await ifThere(cluster.metadata(at));
    const found = answer && shaped(answer, OBJECT);
    const uid = found?.metadata?.uid;
    if (!found || uid === undefined || !isUid(uid)) return gone;
    const younger =
      pod?.uid !== undefined && resource.kind === "Pod" ? uid !== pod.uid : isYounger(found, object.raisedAt);
    if (younger === undefined) {
      return {
        outcome: "failed",
        message: `can't tell whether ${described} is the one that the alert means: it has no time`,
      };
    }
    const replaced = {
      outcome: "replaced",
      message: `${described} was made after the alert and was left alone`,
    } as const;
    if (younger) return replaced;
    // one that the alert knows by the API's UID only looks like a static pod's picture
    const node = resource === PODS && pod?.uid === undefined ? mirrorOf(found.metadata) : undefined;
    if (node !== undefined) return staticPodResult({ namespace: at.namespace ?? "", name: at.name }, node);
    try {
      const left = deletionShown(await cluster.delete(at, { uid }), uid, resource);
      if (left === undefined)
        return { outcome: "failed", message: `the API took the deletion of ${described}, but doesn't show it` };
      return {
        outcome: "done",
        message: left === "" ? `deleted ${described}` : `${described} is being deleted: ${left}`,
      };
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      if (isNotFound(error)) return gone;
      if (isOtherUid(error)) return replaced;
      throw thrown;
    }
  },
});
