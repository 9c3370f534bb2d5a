import * as k8s from "@pulumi/kubernetes";
import { AlertKey } from "./stack/key/alert-key.ts";
import { EventBroker } from "./stack/events/broker.ts";
import { readConfig } from "./stack/config/config.ts";
import { DeadLetters } from "./stack/responder/dead-letters.ts";
import { Falco } from "./stack/falco/falco.ts";
import { alertFilters, responseFilters } from "./stack/events/filters.ts";
import { ResponderImage } from "./stack/responder/image.ts";
import { Knative } from "./stack/knative/knative.ts";
import { loadKnative } from "./stack/knative/manifests.ts";
import { NetworkRules } from "./stack/network/network-rules.ts";
import { Responder } from "./stack/responder/responder.ts";
import { checkCluster } from "./stack/preflight/preflight.ts";
import { protectionOf } from "./stack/responder/protection.ts";
import { readRules, summaryOf } from "./stack/responder/rules.ts";
import { EventTrigger } from "./stack/events/trigger.ts";

const config = readConfig();
const { rules: paths, settings, scale, resources } = config.responder;
const { dryRun, skipBrokenRules: skipBroken, timeoutSeconds } = settings;
const response = readRules(paths, { dryRun, skipBroken, timeoutSeconds });
await checkCluster(config);
const provider = new k8s.Provider("cluster", {
  ...config.cluster,
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});

// Knative carries the events and runs the responder. All that uses it comes after it, and goes before it.
const knative =
  config.knative.install && new Knative("knative", { manifests: await loadKnative(config.knative) }, { provider });
const onKnative = { provider, dependsOn: knative ? [knative] : [] };

// The Broker carries alerts to the responder, which takes those that carry the key, and acts on them as the rules say.
const broker = new EventBroker("broker", config.broker, onKnative);
const { namespace, brokerName } = broker;
const { alertKeys: keys, ...network } = config.security;
const alertKeys = new AlertKey("alert-key", { namespace, keys }, { provider });
const { reference, pullSecrets } = new ResponderImage("image", { image: config.image, namespace }, { provider });
const base = { namespace, image: reference, pullSecrets, resources, timeoutSeconds };
const told = { rules: response, settings, protection: protectionOf(config), alertKeys, brokerUrl: broker.url };
const responder = new Responder("responder", { ...base, ...told, scale }, onKnative);

// Alerts come from Falco, and falcosidekick posts them to the Broker, with the key that the responder takes by then.
const { alertKey } = responder;
const falco = new Falco("falco", { ...config.falco, brokerUrl: broker.url, alertKey }, { provider });

// What the responder answers, and what can't be delivered, is told to falcosidekick; the latter to whom the stack names.
const { deadLetterSink, ...delivery } = config.delivery;
const { destination } = new DeadLetters("dead-letters", { ...base, sidekickUrl: falco.sidekickUrl }, onKnative);
const deadLetters = deadLetterSink ? { uri: deadLetterSink } : destination;
const route = { namespace, brokerName, delivery, deadLetterSink: deadLetters };

// Nobody else has anything to say to any of them.
const ours = { broker: namespace, falco: falco.namespace };
new NetworkRules("network", { ...network, namespaces: ours, installsKnative: config.knative.install }, onKnative);

// Alerts that a rule may answer go to the responder; its responses go back to falcosidekick, to be seen.
new EventTrigger(
  "alerts",
  { ...route, filters: alertFilters(response.rules), subscriber: responder.destination },
  onKnative,
);
new EventTrigger("responses", { ...route, filters: responseFilters(), subscriber: destination }, onKnative);

export const brokerUrl = broker.url;
export const responderUrl = responder.url;
export const imageDigest = reference;
export const falcosidekickUi = falco.uiCommand;
export const rules = response.rules.map(summaryOf);
