<?php

/**
 * Figures of a domain's conversations by day.
 */
class voice_reports {

	private $database;
	private $domain_uuid;
	private $time_zone;

	public function __construct($database, string $domain_uuid, string $time_zone) {
		$this->database = $database;
		$this->domain_uuid = $domain_uuid;
		$this->time_zone = $time_zone;
	}

	/**
	 * One row a day of the domain's time zone, also for days without a call.
	 *
	 * @param int $days up to today
	 */
	public function by_day(int $days): array {
		$sql = "select cast(day as date) as day, count(c.voice_conversation_uuid) as calls, ";
		foreach (['transferred', 'completed', 'abandoned', 'message', 'failed', 'closed', 'busy'] as $resolution) {
			$sql .= "count(*) filter (where c.resolution = '".$resolution."') as ".$resolution.", ";
		}
		$sql .= "round(avg(cast(c.latency -> 'total' ->> 'mean' as numeric))) as latency_mean, ";
		$sql .= "round(avg(cast(c.latency -> 'total' ->> 'p95' as numeric))) as latency_p95, ";
		$sql .= "coalesce(round(sum(c.cost_cents), 2), 0) as cost_cents, ";
		$sql .= "coalesce(round(avg(c.duration_ms) / 1000), 0) as seconds ";
		$sql .= "from generate_series(cast(timezone(:time_zone, now()) as date) - cast(:days as integer) + 1, cast(timezone(:time_zone, now()) as date), interval '1 day') as day ";
		$sql .= "left join v_voice_conversations as c on c.domain_uuid = :domain_uuid ";
		$sql .= "and c.started_date >= timezone(:time_zone, cast(day as timestamp)) and c.started_date < timezone(:time_zone, cast(day as timestamp) + interval '1 day') ";
		$sql .= "group by day order by day asc ";
		$rows = $this->database->select($sql, ['domain_uuid' => $this->domain_uuid, 'time_zone' => $this->time_zone, 'days' => (string) $days], 'all');
		return is_array($rows) ? $rows : [];
	}

	/**
	 * What providers were used for and what they cost.
	 */
	public function by_provider(int $days): array {
		$sql = "select provider_kind, provider_name, sum(request_count) as requests, sum(unit_count) as units, round(sum(cost_cents), 2) as cost_cents ";
		$sql .= "from v_voice_usage where domain_uuid = :domain_uuid and usage_day > current_date - cast(:days as integer) ";
		$sql .= "group by provider_kind, provider_name order by provider_kind asc, requests desc ";
		$rows = $this->database->select($sql, ['domain_uuid' => $this->domain_uuid, 'days' => (string) $days], 'all');
		return is_array($rows) ? $rows : [];
	}
}
