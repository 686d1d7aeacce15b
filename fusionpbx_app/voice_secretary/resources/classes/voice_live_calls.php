<?php

/**
 * Calls of a domain that live now: what was said so far, and what a supervisor may do to them.
 */
class voice_live_calls {

	private $database;
	private $domain_uuid;

	public function __construct($database, string $domain_uuid) {
		$this->database = $database;
		$this->domain_uuid = $domain_uuid;
	}

	/**
	 * @return array newest first, each with its last lines
	 */
	public function all(): array {
		$sql = "select l.voice_live_call_uuid, l.call_state, l.started_date, l.seen_date, l.turn_count, s.secretary_name ";
		$sql .= "from v_voice_live_calls as l left join v_voice_secretaries as s ";
		$sql .= "on s.domain_uuid = l.domain_uuid and s.voice_secretary_uuid = l.voice_secretary_uuid ";
		$sql .= "where l.domain_uuid = :domain_uuid order by l.started_date desc limit 100 ";
		$rows = $this->database->select($sql, ['domain_uuid' => $this->domain_uuid], 'all');
		return array_map([self::class, 'shown'], is_array($rows) ? $rows : []);
	}

	/**
	 * Whether a call is one of this domain's: asked before anything is done to it.
	 */
	public function has(string $call_uuid): bool {
		if (!is_uuid($call_uuid)) {
			return false;
		}
		$sql = "select count(*) from v_voice_live_calls where domain_uuid = :domain_uuid and voice_live_call_uuid = :call_uuid ";
		return (int) $this->database->select($sql, ['domain_uuid' => $this->domain_uuid, 'call_uuid' => $call_uuid], 'column') > 0;
	}

	/**
	 * Ends the call. False: FreeSWITCH is not there, or does not know it.
	 */
	public function end(string $call_uuid): bool {
		return $this->has($call_uuid) && $this->command('uuid_kill '.$call_uuid.' NORMAL_CLEARING');
	}

	/**
	 * Puts the caller through to one of the domain's own transfer destinations.
	 */
	public function transfer(string $call_uuid, string $destination_uuid, string $domain_name): bool {
		$destination = voice_rows::find($this->database, 'voice_transfer_destinations', $destination_uuid, $this->domain_uuid);
		if ($destination === null || $destination['destination_enabled'] !== 'true' || !$this->has($call_uuid)) {
			return false;
		}
		if (!preg_match('/^\+?[0-9*#]{1,32}$/', $destination['destination_number']) || !preg_match('/^[A-Za-z0-9._-]+$/', $domain_name)) {
			return false;
		}
		return $this->command('uuid_transfer '.$call_uuid.' '.$destination['destination_number'].' XML '.$domain_name);
	}

	/**
	 * Calls the supervisor's extension and lets it hear the call.
	 */
	public function listen(string $call_uuid, string $extension, string $domain_name): bool {
		if (!$this->has($call_uuid) || !preg_match('/^[0-9A-Za-z._-]{1,40}$/', $extension) || !preg_match('/^[A-Za-z0-9._-]+$/', $domain_name)) {
			return false;
		}
		return $this->command('bgapi originate {origination_caller_id_name=Voice_Secretary,hangup_after_bridge=true}user/'.$extension.'@'.$domain_name.' &eavesdrop('.$call_uuid.')');
	}

	private function command(string $command): bool {
		$esl = event_socket::create();
		if (!$esl->is_connected()) {
			return false;
		}
		$answer = strpos($command, 'bgapi ') === 0 ? event_socket::async(substr($command, 6)) : event_socket::api($command);
		return is_string($answer) && strpos($answer, '-ERR') === false;
	}

	private static function shown(array $row): array {
		$state = voice_rows::json($row['call_state']);
		$lines = [];
		foreach (array_slice($state['turns'] ?? [], -20) as $turn) {
			$heard = (string) ($turn['heard'] ?? '');
			if ($heard === '' && !empty($turn['digits'])) {
				$heard = '['.$turn['digits'].']';
			}
			if ($heard !== '') {
				$lines[] = ['speaker' => 'caller', 'said' => $heard];
			}
			if (!empty($turn['said'])) {
				$lines[] = ['speaker' => 'secretary', 'said' => (string) $turn['said']];
			}
		}
		return [
			'call_uuid' => $row['voice_live_call_uuid'],
			'secretary' => (string) $row['secretary_name'],
			'caller' => (string) ($state['caller_number'] ?? ''),
			'mode' => (string) ($state['mode'] ?? 'turn'),
			'stage' => (string) ($state['stage'] ?? 'open'),
			'turns' => (int) $row['turn_count'],
			'seconds' => max(0, time() - (new DateTime($row['started_date']))->getTimestamp()),
			'lines' => $lines,
		];
	}
}
