<?php

/**
 * A secretary's settings between the form and the service's JSON: what a form does not show is kept as it is.
 */
class voice_secretary_settings {

	const languages = ['pt-BR' => 'Português (Brasil)', 'en' => 'English'];
	const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
	const texts = ['greeting', 'farewell', 'outside_hours', 'recording_notice'];
	const kinds = ['stt', 'llm', 'tts', 'embeddings', 'realtime'];
	/** name => [least, most, default, unit] as the service has them */
	const limits = [
		'max_turns' => [1, 100, 20, ''], 'max_duration_s' => [30, 7200, 600, 's'], 'max_utterance_s' => [3, 120, 30, 's'],
		'end_silence_ms' => [300, 10000, 1200, 'ms'], 'no_input_s' => [3, 60, 8, 's'], 'max_no_input' => [0, 10, 2, ''],
		'max_misunderstood' => [1, 10, 3, ''],
	];
	const turn_taking = [
		'end_silence_ms' => [100, 3000, 500, 'ms'], 'pause_ms' => [40, 1000, 100, 'ms'], 'guesses' => [0, 5, 2, ''],
		'min_words' => [0, 10, 1, ''], 'min_speech_ms' => [100, 1500, 600, 'ms'],
	];
	const turn_taking_choices = ['sensitivity' => ['normal', 'low', 'high'], 'detector' => ['webrtc', 'silero']];
	const turn_taking_switches = ['end_of_turn_model' => true, 'interruptible' => true];
	const ending_kinds = ['hangup', 'message', 'transfer'];
	const dtmf_actions = ['', 'transfer', 'repeat', 'message', 'hangup', 'hours'];

	/**
	 * The settings that a posted form makes of the stored ones.
	 *
	 * @param array $providers   uuid => kind, of the domain; others are not taken
	 * @param array $destinations names of the domain; others are not taken
	 */
	public static function from_post(array $post, array $stored, array $providers, array $destinations): array {
		$settings = $stored;
		$first = voice_form::posted_choice($post, 'language', array_keys(self::languages), 'pt-BR');
		$settings['languages'] = [$first];
		foreach (array_keys(self::languages) as $language) {
			if ($language !== $first && voice_form::posted_choice($post, 'also_'.$language, ['true', 'false'], 'false') === 'true') {
				$settings['languages'][] = $language;
			}
		}
		foreach (self::texts as $name) {
			$settings[$name] = self::localized($post, $name, $settings['languages']);
		}
		$settings['voices'] = self::localized($post, 'voice', $settings['languages'], 200);
		$settings['persona'] = voice_form::posted($post, 'persona', 8000);
		$settings['business_name'] = voice_form::posted($post, 'business_name');
		$settings['facts'] = self::facts($post, $settings['languages']);
		$settings['hours'] = self::hours($post);
		$settings['closed_action'] = self::ending($post, 'closed_action', $destinations);
		$settings['fallback'] = self::ending($post, 'fallback', $destinations);
		$settings['dtmf'] = self::dtmf($post, $destinations);
		$settings['limits'] = self::numbers($post, 'limits', self::limits) + ($stored['limits'] ?? []);
		$settings['turn_taking'] = self::turn_taking($post) + ($stored['turn_taking'] ?? []);
		$settings['transfers'] = [
			'style' => voice_form::posted_choice($post, 'transfer_style', ['blind', 'attended'], 'blind'),
			'ring_s' => voice_form::posted_number($post, 'transfer_ring_s', 5, 120, 25),
		] + ($stored['transfers'] ?? []);
		$settings['providers'] = self::providers($post, $providers);
		foreach (['disclosure', 'record_calls'] as $name) {
			$settings[$name] = voice_form::posted_choice($post, $name, ['true', 'false'], 'false') === 'true';
		}
		return $settings;
	}

	/**
	 * JSON as the service reads it: an empty object is left out, since PHP would write it as a list.
	 */
	public static function encode(array $settings): string {
		foreach (array_merge(self::texts, ['voices', 'dtmf', 'providers', 'facts']) as $name) {
			if (empty($settings[$name])) {
				unset($settings[$name]);
			}
		}
		if (($settings['hours'] ?? null) !== null && empty($settings['hours']['week'])) {
			unset($settings['hours']['week']);
		}
		foreach ($settings['facts'] ?? [] as $index => $fact) {
			$settings['facts'][$index]['questions'] = (object) ($fact['questions'] ?? []);
		}
		return json_encode((object) $settings, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
	}

	/**
	 * Two settings side by side: dotted path => [before, after], where they differ.
	 */
	public static function difference(array $before, array $after): array {
		$before = self::flat($before);
		$after = self::flat($after);
		$difference = [];
		foreach (array_keys($before + $after) as $path) {
			if (($before[$path] ?? '') !== ($after[$path] ?? '')) {
				$difference[$path] = [$before[$path] ?? '', $after[$path] ?? ''];
			}
		}
		ksort($difference);
		return $difference;
	}

	private static function flat(array $settings, string $prefix = ''): array {
		$flat = [];
		foreach ($settings as $name => $value) {
			if (is_array($value)) {
				$flat += self::flat($value, $prefix.$name.'.');
			}
			elseif ($value !== null && $value !== '') {
				$flat[$prefix.$name] = is_bool($value) ? ($value ? 'true' : 'false') : (string) $value;
			}
		}
		return $flat;
	}

	/**
	 * A text per language. The first language must be there where any is: the service refuses others alone.
	 */
	private static function localized(array $post, string $name, array $languages, int $most = 4000): array {
		$texts = [];
		foreach ($languages as $language) {
			$text = voice_form::posted($post, $name.'_'.$language, $most);
			if ($text !== '') {
				$texts[$language] = $text;
			}
		}
		return isset($texts[$languages[0]]) || $name === 'voice' ? $texts : [];
	}

	private static function facts(array $post, array $languages): array {
		$facts = [];
		foreach (self::rows($post, 'facts', 200) as $row) {
			$topic = voice_form::posted($row, 'topic');
			$answer = self::localized($row, 'answer', $languages);
			if ($topic === '' || empty($answer)) {
				continue;
			}
			$questions = [];
			foreach ($languages as $language) {
				$lines = voice_form::posted_lines($row, 'questions_'.$language, 50);
				if (!empty($lines)) {
					$questions[$language] = $lines;
				}
			}
			$facts[] = ['topic' => $topic, 'questions' => $questions, 'answer' => $answer];
		}
		return $facts;
	}

	private static function hours(array $post): ?array {
		$kind = voice_form::posted_choice($post, 'hours_kind', ['closed', 'always', 'week'], 'closed');
		if ($kind === 'closed') {
			return null;
		}
		if ($kind === 'always') {
			return ['always_open' => true];
		}
		$hours = ['week' => [], 'exceptions' => []];
		foreach (self::weekdays as $day) {
			$openings = self::openings($post['week'][$day] ?? null);
			if (!empty($openings)) {
				$hours['week'][$day] = $openings;
			}
		}
		$days = [];
		foreach (self::rows($post, 'exceptions', 400) as $row) {
			$day = voice_form::posted($row, 'day', 10);
			if (!preg_match('/^\d{4}-\d{2}-\d{2}$/', $day) || in_array($day, $days)) {
				continue;
			}
			$days[] = $day;
			$hours['exceptions'][] = ['day' => $day, 'openings' => self::openings([$row]), 'name' => voice_form::posted($row, 'name')];
		}
		$zone = voice_form::posted($post, 'hours_time_zone', 60);
		if (in_array($zone, DateTimeZone::listIdentifiers())) {
			$hours['time_zone'] = $zone;
		}
		$country = strtoupper(voice_form::posted($post, 'holidays_country', 2));
		if (preg_match('/^[A-Z]{2}$/', $country)) {
			$hours['holidays_country'] = $country;
			$part = strtoupper(voice_form::posted($post, 'holidays_subdivision', 6));
			if (preg_match('/^[A-Z0-9]{1,6}$/', $part)) {
				$hours['holidays_subdivision'] = $part;
			}
		}
		return $hours;
	}

	private static function openings($rows): array {
		$openings = [];
		foreach (is_array($rows) ? array_slice($rows, 0, 12) : [] as $row) {
			$opens = is_array($row) ? voice_form::posted($row, 'opens', 8) : '';
			$closes = is_array($row) ? voice_form::posted($row, 'closes', 8) : '';
			if (preg_match('/^\d{2}:\d{2}(:\d{2})?$/', $opens) && preg_match('/^\d{2}:\d{2}(:\d{2})?$/', $closes)) {
				$openings[] = ['opens' => $opens, 'closes' => $closes];
			}
		}
		return $openings;
	}

	private static function ending(array $post, string $name, array $destinations): array {
		$kind = voice_form::posted_choice($post, $name, self::ending_kinds, 'hangup');
		$destination = voice_form::posted_choice($post, $name.'_destination', $destinations, '');
		if ($kind !== 'transfer') {
			return ['kind' => $kind];
		}
		return $destination === '' ? ['kind' => 'hangup'] : ['kind' => 'transfer', 'destination' => $destination];
	}

	private static function dtmf(array $post, array $destinations): array {
		$keys = [];
		foreach (str_split('1234567890*#') as $key) {
			$row = $post['dtmf'][$key] ?? null;
			if (!is_array($row)) {
				continue;
			}
			$action = voice_form::posted_choice($row, 'action', self::dtmf_actions, '');
			$destination = voice_form::posted_choice($row, 'destination', $destinations, '');
			if ($action === 'transfer' && $destination !== '') {
				$keys[$key] = ['action' => $action, 'destination' => $destination];
			}
			elseif ($action !== '' && $action !== 'transfer') {
				$keys[$key] = ['action' => $action];
			}
		}
		return $keys;
	}

	private static function numbers(array $post, string $prefix, array $known): array {
		$numbers = [];
		foreach ($known as $name => [$least, $most, $default]) {
			$numbers[$name] = voice_form::posted_number($post, $prefix.'_'.$name, $least, $most, $default);
		}
		return $numbers;
	}

	private static function turn_taking(array $post): array {
		$chosen = self::numbers($post, 'turn_taking', self::turn_taking);
		$chosen['pause_ms'] = min($chosen['pause_ms'], $chosen['end_silence_ms']);
		foreach (self::turn_taking_choices as $name => $values) {
			$chosen[$name] = voice_form::posted_choice($post, 'turn_taking_'.$name, $values, $values[0]);
		}
		foreach (self::turn_taking_switches as $name => $default) {
			$chosen[$name] = voice_form::posted_choice($post, 'turn_taking_'.$name, ['true', 'false'], $default ? 'true' : 'false') === 'true';
		}
		return $chosen;
	}

	private static function providers(array $post, array $providers): array {
		$chosen = [];
		foreach (self::kinds as $kind) {
			$list = [];
			foreach (['first', 'second'] as $place) {
				$uuid = voice_form::posted($post, 'provider_'.$kind.'_'.$place, 36);
				if (($providers[$uuid] ?? null) === $kind && !in_array($uuid, $list)) {
					$list[] = $uuid;
				}
			}
			if (!empty($list)) {
				$chosen[$kind] = $list;
			}
		}
		return $chosen;
	}

	/**
	 * Rows of fields as a form posts them: name[0][field].
	 */
	private static function rows(array $post, string $name, int $most): array {
		$rows = is_array($post[$name] ?? null) ? $post[$name] : [];
		return array_slice(array_filter($rows, 'is_array'), 0, $most);
	}
}
