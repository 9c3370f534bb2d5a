import * as docker from "@pulumi/docker";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { BuildConfig, ImageConfig } from "../config/config.ts";
import { isPassing } from "../config/registry.ts";

/** The responder's image: built from responder/Dockerfile and pushed, or a ready one. */
export class ResponderImage extends pulumi.ComponentResource {
  /** What the services run: an image built here by its digest, a ready one as it was given. */
  readonly reference: pulumi.Output<string>;
  /** Names of the Secrets that pods pull the image with; empty where the registry asks for no user, or the nodes have one. */
  readonly pullSecrets: pulumi.Input<string>[];

  constructor(name: string, { image, namespace }: ResponderImageArgs, options: pulumi.ComponentResourceOptions) {
    super("response-engine:stack:ResponderImage", name, {}, options);
    this.reference =
      "reference" in image ? pulumi.output(image.reference) : buildImage(`${name}-build`, image, this).repoDigest;
    const login = loginOf(image);
    this.pullSecrets = login
      ? [createPullSecret(`${name}-pull`, login, namespace, this)]
      : [...(image.pullSecrets ?? [])];
    this.registerOutputs({ reference: this.reference });
  }
}

export interface ResponderImageArgs {
  image: ImageConfig;
  /** Where the pods that run the image are. */
  namespace: pulumi.Input<string>;
}

function buildImage(name: string, build: BuildConfig, parent: pulumi.Resource): docker.Image {
  const { registry, repository, username, password, buildImage, baseImage, platform } = build;
  return new docker.Image(
    name,
    {
      imageName: `${registry}/${repository}:latest`,
      build: {
        // Relative, as Pulumi runs from the project's folder: the same on every machine, so no change on another.
        context: ".",
        dockerfile: "responder/Dockerfile",
        platform,
        args: { ...(buildImage && { BUILD_IMAGE: buildImage }), ...(baseImage && { BASE_IMAGE: baseImage }) },
      },
      registry: { server: registry, ...(username && { username }), ...(password && { password }) },
    },
    { parent },
  );
}

/** Whom pods may pull as. */
interface Login {
  registry: string;
  username: string;
  password: pulumi.Input<string>;
}

/** Undefined where there is nobody to pull as, where others' Secrets do, or where a copy of the password would end before the pods do. */
function loginOf({ registry, username, password, pullSecrets = [] }: ImageConfig): Login | undefined {
  const isWanted = pullSecrets.length === 0 && username !== undefined && !isPassing(username);
  return isWanted && registry !== undefined ? { registry, username, password: password ?? "" } : undefined;
}

/** @see https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets */
function createPullSecret(
  name: string,
  { registry, username, password }: Login,
  namespace: pulumi.Input<string>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const auth = pulumi.output(password).apply((text) => Buffer.from(`${username}:${text}`).toString("base64"));
  const secret = new k8s.core.v1.Secret(
    name,
    {
      metadata: { name: "responder-registry", namespace },
      type: "kubernetes.io/dockerconfigjson",
      stringData: {
        ".dockerconfigjson": pulumi.jsonStringify({ auths: { [registry]: { username, password, auth } } }),
      },
    },
    { parent },
  );
  return secret.metadata.name;
}
