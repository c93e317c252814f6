// Pages whose script is loaded when they are opened, so that the first view stays small.

import { Fault, Loading, useLoaded } from "./parts.tsx";
import type { Route } from "./route.ts";

/** Shows a page of the administration. */
export function AdminPage({ of, route }: { of: "Settings" | "Tenants"; route: Route }) {
  const loaded = useLoaded(() => import("./admin.tsx"), []);
  if (!loaded.value) return loaded.error ? <><h1>{of}</h1><Fault error={loaded.error} /></> : <Loading />;
  const Page = loaded.value[of];
  return <Page route={route} />;
}
