import type { Program } from "../../lab/program/evaluate.ts";
import type { NamedObject } from "./apply.ts";

/** Every Kubernetes object of the program, in the order in which it registers them; Helm's charts are left out. */
export function objectsOf({ resources }: Program): NamedObject[] {
  return resources.flatMap(({ type, inputs }) => {
    if (!type.startsWith("kubernetes:") || type.startsWith("kubernetes:helm.sh/")) return [];
    const objects = type === "kubernetes:yaml/v2:ConfigGroup" ? inputs["objs"] : [inputs];
    return objects as NamedObject[];
  });
}

/** Those without which nobody could act in the name of the program's ServiceAccounts, or would be allowed anything. */
export function accountsOf(program: Program): NamedObject[] {
  const kinds = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
  return objectsOf(program).filter(({ kind }) => kinds.includes(kind));
}
