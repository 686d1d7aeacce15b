<?php

/**
 * The voice service, as the pages of one domain reach it. The browser never sees its token.
 */
class voice_service {

	/** category of its settings, in the default settings and the domain settings */
	const category = 'voice_secretary';

	private $url;
	private $token;
	private $domain_uuid;
	private $time_limit;

	/**
	 * @param database $database
	 * @param string   $domain_uuid of the session; goes with every request, and must agree with the token
	 */
	public function __construct($database, string $domain_uuid) {
		$configured = self::configured($database, $domain_uuid);
		$this->url = rtrim($configured['service_url'] ?? '', '/');
		$this->token = $configured['service_api_key'] ?? '';
		$this->domain_uuid = $domain_uuid;
		$this->time_limit = max(1, min(60, (int) ($configured['time_limit'] ?? 10)));
	}

	/**
	 * The app's settings of the PBX, and the domain's token over it. Users' settings do not count, nor a domain's
	 * address: whoever could set one would be sent the PBX's token.
	 *
	 * @return array subcategory => value
	 */
	public static function configured($database, string $domain_uuid): array {
		$sql = "select default_setting_subcategory as name, default_setting_value as value from v_default_settings ";
		$sql .= "where default_setting_category = :category and cast(default_setting_enabled as text) = 'true' ";
		$rows = $database->select($sql, ['category' => self::category], 'all');
		$configured = array_column(is_array($rows) ? $rows : [], 'value', 'name');
		$token = self::domain_token($database, $domain_uuid);
		if ($token !== null) {
			$configured['service_api_key'] = $token['domain_setting_value'];
		}
		return array_map('strval', $configured);
	}

	/**
	 * The row with the domain's own token, or null.
	 */
	public static function domain_token($database, string $domain_uuid): ?array {
		$sql = "select domain_setting_uuid, domain_setting_value from v_domain_settings ";
		$sql .= "where domain_uuid = :domain_uuid and domain_setting_category = :category and domain_setting_subcategory = 'service_api_key' ";
		$sql .= "and cast(domain_setting_enabled as text) = 'true' and domain_setting_value <> '' limit 1 ";
		$row = $database->select($sql, ['domain_uuid' => $domain_uuid, 'category' => self::category], 'row');
		return is_array($row) && !empty($row) ? $row : null;
	}

	/**
	 * Whether an address and a token are there to try.
	 */
	public function is_configured(): bool {
		return self::is_url($this->url) && $this->token !== '';
	}

	/**
	 * Only http and https: curl knows other schemes, which read files.
	 */
	public static function is_url(string $url): bool {
		return preg_match('#^https?://[A-Za-z0-9._\-\[\]:]+(/[A-Za-z0-9._~/\-]*)?$#', $url) === 1;
	}

	public function get(string $path, array $query = []): voice_answer {
		return $this->send('GET', $path.(empty($query) ? '' : '?'.http_build_query($query)));
	}

	public function post(string $path, $body = null): voice_answer {
		return $this->send('POST', $path, $body);
	}

	public function put(string $path, $body): voice_answer {
		return $this->send('PUT', $path, $body);
	}

	public function delete(string $path): voice_answer {
		return $this->send('DELETE', $path);
	}

	/**
	 * Sends a file that PHP received.
	 *
	 * @param array $fields beside the file; empty ones are left out
	 */
	public function upload(string $path, string $file_path, string $file_name, array $fields = []): voice_answer {
		$form = array_filter($fields, function ($value) { return $value !== '' && $value !== null; });
		$form['file'] = new CURLFile($file_path, 'application/octet-stream', $file_name);
		return $this->send('POST', $path, null, [CURLOPT_POSTFIELDS => $form, CURLOPT_TIMEOUT => max(60, $this->time_limit)]);
	}

	/**
	 * Whether the service's process answers; asks for no token.
	 */
	public function health(): voice_answer {
		return $this->send('GET', '/health', null, [], false);
	}

	/**
	 * Passes a file of the service on to the browser, with its ranges. False: nothing was sent.
	 */
	public function pass_on(string $path, string $range = ''): bool {
		if (!$this->is_configured()) {
			return false;
		}
		$headers = $this->headers();
		if (preg_match('/^bytes=\d*-\d*$/', $range)) {
			$headers[] = 'Range: '.$range;
		}
		$passed = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'content-disposition'];
		$status = 0;
		$curl = curl_init($this->url.'/api/v1'.$path);
		curl_setopt_array($curl, $this->options($headers) + [
			CURLOPT_TIMEOUT => 120,
			CURLOPT_HEADERFUNCTION => function ($curl, $line) use ($passed, &$status) {
				$status = curl_getinfo($curl, CURLINFO_HTTP_CODE);
				if ($status < 300 && in_array(strtolower(strtok($line, ':')), $passed)) {
					http_response_code($status);
					header(trim($line));
				}
				return strlen($line);
			},
			CURLOPT_WRITEFUNCTION => function ($curl, $piece) use (&$status) {
				if ($status < 300) {
					echo $piece;
				}
				return strlen($piece);
			},
		]);
		curl_exec($curl);
		curl_close($curl);
		return $status >= 200 && $status < 300;
	}

	private function send(string $method, string $path, $body = null, array $more = [], bool $with_token = true): voice_answer {
		if (!self::is_url($this->url) || ($with_token && $this->token === '')) {
			return new voice_answer(0, null, 'not_configured');
		}
		$headers = $this->headers();
		$options = $more + [CURLOPT_TIMEOUT => $this->time_limit, CURLOPT_RETURNTRANSFER => true, CURLOPT_CUSTOMREQUEST => $method];
		if ($body !== null) {
			$headers[] = 'Content-Type: application/json';
			$options[CURLOPT_POSTFIELDS] = json_encode($body, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
		}
		$prefix = $with_token ? '/api/v1' : '';
		$curl = curl_init($this->url.$prefix.$path);
		curl_setopt_array($curl, $options + $this->options($with_token ? $headers : ['Accept: application/json']));
		$text = curl_exec($curl);
		$status = (int) curl_getinfo($curl, CURLINFO_HTTP_CODE);
		curl_close($curl);
		if ($text === false || $status === 0) {
			return new voice_answer(0, null, 'unreachable');
		}
		return new voice_answer($status, json_decode($text, true), null);
	}

	private function headers(): array {
		return ['Accept: application/json', 'Authorization: Bearer '.$this->token, 'X-Domain-UUID: '.$this->domain_uuid];
	}

	private function options(array $headers): array {
		return [
			CURLOPT_HTTPHEADER => $headers,
			CURLOPT_CONNECTTIMEOUT => min(3, $this->time_limit),
			CURLOPT_FOLLOWLOCATION => false,
			CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
			CURLOPT_NOSIGNAL => true,
		];
	}
}
