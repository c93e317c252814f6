import type { LogView } from "./log-view.ts";
import type { Ref } from "preact";

declare module "preact" {
  namespace JSX {
    interface IntrinsicElements {
      "log-view": { ref?: Ref<LogView>; class?: string };
    }
  }
}
