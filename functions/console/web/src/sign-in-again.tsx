// What a person sees whose session has ended. The page below stays as it is.

import { useEffect, useRef } from "preact/hooks";

export function SignInAgain({ tenant }: { tenant: string }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => link.current?.focus({ preventScroll: true }), []);
  return <section class="help" role="alertdialog" aria-labelledby="ended" aria-describedby="ended-text">
    <h2 id="ended">Your sign-in has ended</h2>
    <p id="ended-text">Sign in again in another tab. This page then continues where it is.</p>
    <p><a ref={link} href={"/console/sign-in?tenant=" + encodeURIComponent(tenant)} target="_blank" rel="noopener">Sign in again</a></p>
  </section>;
}
