import { parseAllYaml } from "./yaml.ts";

/** Whether `coworkers` takes names that are looked up in DNS; until then, the test looks up the plain form. */
const KNOWS_DNS_COWORKERS = true;

/** Names and what they stand for. */
export type Labels = Readonly<Record<string, string>>;

interface Port {
  readonly name: string;
  readonly port?: number;
  readonly targetPort?: string;
  readonly containerPort?: number;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly ports: readonly Port[];
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: Readonly<Record<"requests" | "limits", Labels>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

/** One object of the file, as far as tests look at it. */
export interface KubernetesDocument {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly data: Labels;
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly selector: Labels & { readonly matchLabels?: Labels };
    readonly ports: readonly Port[];
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
      readonly spec: PodSpec;
    };
  };
}

/** The file. */
export const kubernetesText = Deno.readTextFileSync(new URL("../../conf/kubernetes.yaml", import.meta.url));
/** Every object in it. */
export const kubernetesDocuments = parseAllYaml(kubernetesText) as readonly KubernetesDocument[];

/** The configuration in a ConfigMap. @param asksDns Coworkers are looked up, which takes the DNS of Kubernetes. */
export function configText({ data }: KubernetesDocument, asksDns = KNOWS_DNS_COWORKERS): string {
  const written = data["srs.conf"] ?? "";
  return asksDns ? written : written.replace("coworkers       dns+http://", "coworkers ");
}
