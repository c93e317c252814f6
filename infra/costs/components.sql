-- What each component costs, by version: functions, topics, keys, buckets. A version that costs
-- more for the same traffic than the one before shows here.
--
-- Replace TABLE with the standard usage export of the billing account, PROJECT.DATASET.gcp_billing_export_v1_ACCOUNT.
--   bq query --use_legacy_sql=false --parameter=from:DATE:2026-11-01 --parameter=to:DATE:2026-11-30 < components.sql
SELECT
  DATE(usage_start_time) AS day,
  (SELECT value FROM UNNEST(labels) WHERE key = 'component') AS component,
  (SELECT value FROM UNNEST(labels) WHERE key = 'version') AS version,
  service.description AS service,
  currency,
  SUM(cost + IFNULL((SELECT SUM(amount) FROM UNNEST(credits)), 0)) AS cost
FROM `TABLE`
WHERE
  DATE(usage_start_time) BETWEEN @from AND @to
  AND EXISTS (SELECT 1 FROM UNNEST(labels) WHERE key = 'application' AND value = 'strongroom')
GROUP BY day, component, version, service, currency
ORDER BY day, cost DESC
