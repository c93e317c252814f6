-- What each tenant costs, by day and service: its buckets, keys and storage operations, by the
-- label tenant. Everything that tenants share (functions, the load balancer, the platform's
-- database) is divided by each tenant's part of the labeled cost of that day, which is an estimate:
-- the labeled cost grows with output, and so does what is shared.
--
-- Replace TABLE with the standard usage export of the billing account, PROJECT.DATASET.gcp_billing_export_v1_ACCOUNT.
--   bq query --use_legacy_sql=false --parameter=from:DATE:2026-11-01 --parameter=to:DATE:2026-11-30 < tenants.sql
WITH usage AS (
  SELECT
    DATE(usage_start_time) AS day,
    currency,
    service.description AS service,
    (SELECT value FROM UNNEST(labels) WHERE key = 'tenant') AS tenant,
    -- A subquery for each array: a join would count a row once for each of its labels or credits.
    cost + IFNULL((SELECT SUM(amount) FROM UNNEST(credits)), 0) AS cost
  FROM `TABLE`
  WHERE
    DATE(usage_start_time) BETWEEN @from AND @to
    AND EXISTS (SELECT 1 FROM UNNEST(labels) WHERE key = 'application' AND value = 'strongroom')
),
labeled AS (
  SELECT day, currency, tenant, SUM(cost) AS cost, SUM(SUM(cost)) OVER (PARTITION BY day, currency) AS of_day
  FROM usage
  WHERE tenant IS NOT NULL
  GROUP BY day, currency, tenant
),
shared AS (
  SELECT day, currency, service, SUM(cost) AS cost
  FROM usage
  WHERE tenant IS NULL
  GROUP BY day, currency, service
)
SELECT day, tenant, service, currency, SUM(own) AS own_cost, SUM(estimate) AS shared_estimate
FROM (
  SELECT day, currency, tenant, service, cost AS own, 0 AS estimate
  FROM usage
  WHERE tenant IS NOT NULL
  UNION ALL
  SELECT day, currency, tenant, service, 0, shared.cost * SAFE_DIVIDE(labeled.cost, labeled.of_day)
  FROM shared
  JOIN labeled USING (day, currency)
)
GROUP BY day, tenant, service, currency
ORDER BY day, tenant, own_cost + shared_estimate DESC
