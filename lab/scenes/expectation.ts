import { beyondLimits } from "./limits.ts";
import type { Ending, Limits } from "./limits.ts";
import { pathOf } from "./pods.ts";
import type { Step } from "./recorded.ts";

/**
 * What is wrong with how an alert ended, in a line each: measured by what its step says where that is written out, by
 * what holds of every alert where it isn't.
 */
export function contradictions({ goes, outcome }: Step, ending: Ending, limits: Limits): string[] {
  if (goes === undefined) return beyondLimits(limits, ending);
  const gone = ending.gone.map(pathOf);
  return [
    ...goes.filter((pod) => !gone.includes(pod)).map((pod) => `${pod} is there, and had to go`),
    ...gone.filter((pod) => !goes.includes(pod)).map((pod) => `${pod} is gone, and had to stay`),
    ...(outcome === undefined || outcome === (ending.outcome ?? "not delivered")
      ? []
      : [`it ended as ${ending.outcome ?? "not delivered"}, and had to end as ${outcome}`]),
  ];
}
