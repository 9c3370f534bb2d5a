import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePorts } from "../free-ports.ts";
import { createUsers, tokenFileOf, type Role, type User } from "./access.ts";

/** What the programs of one control plane share before any of them runs: ports, users, keys and a folder. */
export interface Ground {
  /** Of 127.0.0.1. */
  ports: { etcd: number; peer: number; api: number; node: number };
  /** Where the API is to be, `https://127.0.0.1:<port>`. */
  url: string;
  users: Record<Role, User>;
  files: {
    /** etcd's folder. */
    data: string;
    /** The users' tokens. */
    tokens: string;
    /** Keys of the ServiceAccounts' tokens. */
    signingKey: string;
    verifyingKey: string;
    /** The folder where kube-apiserver leaves its certificate and key. */
    certificates: string;
    certificate: string;
    privateKey: string;
  };
  /** Writes a file that none but its owner reads; gives its path. */
  write(name: string, text: string): string;
}

/** @param folder where all of it goes, there already */
export async function layGround(folder: string): Promise<Ground> {
  const [etcd, peer, api, node] = (await freePorts(4)) as [number, number, number, number];
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const users = createUsers();
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const certificates = join(folder, "certificates");
  mkdirSync(certificates);
  return {
    ports: { etcd, peer, api, node },
    url: `https://127.0.0.1:${api}`,
    users,
    files: {
      data: join(folder, "etcd"),
      tokens: write("tokens.csv", tokenFileOf(users)),
      signingKey: write("service-accounts.key", keys.privateKey),
      verifyingKey: write("service-accounts.pub", keys.publicKey),
      certificates,
      certificate: join(certificates, "apiserver.crt"),
      privateKey: join(certificates, "apiserver.key"),
    },
    write,
  };
}
