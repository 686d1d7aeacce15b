<?php

/**
 * What the voice service said to one request.
 */
class voice_answer {

	/** HTTP status; 0: it was not reached */
	public $status;

	/** decoded JSON, or null */
	public $data;

	/** not_configured, unreachable, or null: it answered */
	public $trouble;

	public function __construct(int $status, $data, ?string $trouble) {
		$this->status = $status;
		$this->data = is_array($data) ? $data : [];
		$this->trouble = $trouble;
	}

	public function is_ok(): bool {
		return $this->status >= 200 && $this->status < 300;
	}

	/**
	 * The service was not there: a notice, while a refusal is about what was sent.
	 */
	public function is_away(): bool {
		return $this->status === 0;
	}

	/**
	 * Why not, for the administrator; escaped, since the field's name may be what a browser sent.
	 */
	public function reason(array $text): string {
		if ($this->trouble !== null) {
			return $text['message-service_'.$this->trouble];
		}
		if ($this->status === 401) {
			return $text['message-service_token_refused'];
		}
		$error = $this->data['error'] ?? null;
		if (!is_array($error) || empty($error['message'])) {
			return $text['message-service_failed'].' ('.$this->status.')';
		}
		$field = empty($error['field']) ? '' : $error['field'].': ';
		$fix = empty($error['fix']) ? '' : ' '.rtrim($error['fix'], '.').'.';
		return escape($field.rtrim($error['message'], '.').'.'.$fix);
	}
}
