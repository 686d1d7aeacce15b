-- name: month_costs
SELECT domain_uuid, cost_cents FROM voice_ai_month_costs($1);
