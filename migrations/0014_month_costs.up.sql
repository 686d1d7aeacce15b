-- What each domain's calls have cost since a day, for budgets that are watched in memory. Sums of the service's own
-- rows: a service that was taken over would learn how much is spent by whom.
CREATE FUNCTION public.voice_ai_month_costs(first_day date)
RETURNS TABLE (domain_uuid uuid, cost_cents numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT used.domain_uuid, sum(used.cost_cents)
    FROM public.v_voice_usage AS used
    WHERE used.usage_day >= first_day AND used.usage_day < first_day + interval '1 month'
    GROUP BY used.domain_uuid
    HAVING sum(used.cost_cents) > 0
$$;

REVOKE ALL ON FUNCTION public.voice_ai_month_costs(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.voice_ai_month_costs(date) TO voice_ai_service;
