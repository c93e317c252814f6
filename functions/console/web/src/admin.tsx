// The pages of those who administer a tenant or the platform. Their script is loaded with the first of them.

export { Settings } from "./settings.tsx";
export { Tenants } from "./tenants.tsx";
