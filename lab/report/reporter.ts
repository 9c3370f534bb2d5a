import type { Chain } from "../chain.ts";
import type { LabObjects } from "../program/objects.ts";
import type { StepReport } from "../scenes/step-report.ts";
import type { Verdict } from "../verdict.ts";

/** What the chain turned out to be. */
interface Started {
  stack: string;
  resources: number;
  /** Milliseconds the program took to be evaluated. */
  evaluated: number;
  chain: Chain;
  objects: LabObjects;
  pods: readonly string[];
}

/** Tells the lab's story; one for people, one for machines. */
export interface Reporter {
  progress(text: string): void;
  started(started: Started): void;
  step(number: number, report: StepReport): void;
  serving(chain: Chain, root: string): void;
  /** Something that happens while serving. */
  happened(what: string, fields: Record<string, unknown>): void;
  verdict(verdict: Verdict): void;
}

/** Takes what is told. */
export type Write = (text: string) => void;
