import { describeMetadata } from "./metadata.ts";

describeMetadata("kubernetes:label", "labels", ["true", "very.much_so-1"]);
