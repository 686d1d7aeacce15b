DROP FUNCTION IF EXISTS public.voice_ai_month_costs(date);
