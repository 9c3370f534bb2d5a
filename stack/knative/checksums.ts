import { createHash } from "node:crypto";

/** The SHA-256 sums of a release's files, by version and the file's name without its extension. */
export type Checksums = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Of the files on GitHub, by knative:version. The Knative Operator carries the same files: these are the sums of those in
 * its Go module (knative.dev/operator v0.50.0, cmd/operator/kodata), which Go's checksum database vouches for. For a new
 * version take its sums in the same way, with `sha256sum`.
 */
export const CHECKSUMS: Checksums = {
  "1.22.1": {
    "serving-core": "aafb2bfd722ad184d0d0dacf1f55cedc388827ed81c94312f4df71e5eccb5ae1",
    kourier: "d92bd38fb99f0351d56fc80f819204763ce77060ffd5205813557c60faa7a8ee",
    "eventing-core": "bbcab94c0d43c96da4f7f71d746b7fa31b8c6b4b02d6d96a0d2bbf647712e1da",
    "in-memory-channel": "08ac0151e90c7a3591e076847437b73b12b6bdf56c32bd821792f26f30e148ea",
    "mt-channel-broker": "00d2cfc18e1c8be4b73bbdad07694c2d52522cfc6d71a90d6a2d6d1d2a4b6ce4",
  },
  "1.23.0": {
    "serving-core": "be3f16c9c0ac9276cc173ef04871aaeac78537f9edb116310caa02f016e9cbc2",
    kourier: "cded0c3c1d7669b1aa9f7484234b454ff3940a2b54a27d5ec4825c2d4003d01d",
    "eventing-core": "9af6b3e7a7ae7e26de0018806226d044c0e5ff2612c1530ddc3f413e77b0b42b",
    "in-memory-channel": "5ccc661337215e5b773648223bbf899c74fb316120983bd2c074c90db08c4c4d",
    "mt-channel-broker": "2cd56ab5cbd40ab5c11c3019a88c78c6b9df9deb44732dfbed15f638818584a3",
  },
};

export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
