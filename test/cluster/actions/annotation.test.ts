import { describeMetadata } from "./metadata.ts";

describeMetadata("kubernetes:annotation", "annotations", [
  "https://example.com/cases/1?of=2",
  'who did it?\n"nobody", é 漢 😀',
]);
