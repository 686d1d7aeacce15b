<?php

/**
 * What all pages of the app share: who may see them, the way between them, notices.
 */
class voice_page {

	const app_path = 'app/voice_secretary';

	/** file => [label, permission], in the order of the tabs */
	const tabs = [
		'voice_secretaries.php' => ['title-voice_secretaries', 'voice_secretary_view'],
		'voice_conversations.php' => ['title-voice_conversations', 'voice_conversation_view'],
		'voice_live_calls.php' => ['title-voice_live_calls', 'voice_live_call_view'],
		'voice_documents.php' => ['title-voice_documents', 'voice_document_view'],
		'voice_transfer_destinations.php' => ['title-voice_transfer_destinations', 'voice_transfer_destination_view'],
		'voice_transfer_rules.php' => ['title-voice_transfer_rules', 'voice_transfer_rule_view'],
		'voice_providers.php' => ['title-voice_providers', 'voice_provider_view'],
		'voice_webhooks.php' => ['title-voice_webhooks', 'voice_webhook_view'],
		'voice_reports.php' => ['title-voice_reports', 'voice_report_view'],
		'voice_try.php' => ['title-voice_try', 'voice_try_view'],
		'voice_settings.php' => ['title-voice_settings', 'voice_setting_view'],
	];

	/**
	 * Ends the request without one of these permissions.
	 */
	public static function require_permission(string ...$names): void {
		foreach ($names as $name) {
			if (permission_exists($name)) {
				return;
			}
		}
		echo "access denied";
		exit;
	}

	/**
	 * Whether a post carries a token that this session gave to this page; the class would warn of a session without one.
	 */
	public static function is_genuine(): bool {
		$key = $_SERVER['PHP_SELF'];
		if (empty($_SESSION['tokens'][$key]) || !is_array($_SESSION['tokens'][$key])) {
			return false;
		}
		$token = new token;
		return $token->validate($key) === true;
	}

	/**
	 * Goes back with a message when the post is not genuine.
	 */
	public static function require_genuine(array $text, string $back): void {
		if (!self::is_genuine()) {
			message::add($text['message-invalid_token'], 'negative');
			self::go($back);
		}
	}

	public static function go(string $to): void {
		header('Location: '.$to);
		exit;
	}

	/**
	 * The hidden field that makes a form genuine.
	 */
	public static function token_field(): string {
		$token = (new token)->create($_SERVER['PHP_SELF']);
		return "<input type='hidden' name='".$token['name']."' value='".$token['hash']."'>\n";
	}

	/**
	 * The way to the app's other pages, and what is missing for this one to work.
	 */
	public static function top($database, array $text, string $current): void {
		echo "<link rel='stylesheet' type='text/css' href='".PROJECT_PATH."/".self::app_path."/resources/voice.css'>\n";
		echo "<div class='voice_tabs'>\n";
		foreach (self::tabs as $file => [$label, $permission]) {
			if (permission_exists($permission)) {
				echo "	<a href='".$file."'".($file === $current ? " class='voice_current'" : '').">".escape($text[$label])."</a>\n";
			}
		}
		echo "</div>\n";
		$missing = voice_tables::missing($database);
		if (!empty($missing)) {
			$some = implode(', ', array_slice($missing, 0, 5)).(count($missing) > 5 ? ' ...' : '');
			self::notice($text['message-tables_missing'].' '.$some);
		}
		elseif (!voice_tables::migrated($database)) {
			self::notice($text['message-not_migrated']);
		}
	}

	/**
	 * @param string $html escaped already
	 */
	public static function notice(string $html): void {
		echo "<div class='voice_notice' role='status'><span class='fa-solid fa-triangle-exclamation fa-fw'></span> ".$html."</div>\n";
	}

	/**
	 * A notice when the service did not answer as it should; whether it did.
	 */
	public static function noticed(voice_answer $answer, array $text): bool {
		if (!$answer->is_ok()) {
			self::notice($answer->reason($text));
		}
		return $answer->is_ok();
	}

	/**
	 * Answers a page's own request with JSON, and ends it.
	 */
	public static function answer_json(array $data, int $status = 200): void {
		http_response_code($status);
		header('Content-Type: application/json; charset=utf-8');
		header('Cache-Control: no-store');
		echo json_encode($data, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
		exit;
	}

	/**
	 * For a script element: JSON in which no text ends the script.
	 */
	public static function script_json($data): string {
		return json_encode($data, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
	}

	public static function time_zone($settings): string {
		$zone = (string) $settings->get('domain', 'time_zone', date_default_timezone_get());
		return in_array($zone, DateTimeZone::listIdentifiers()) ? $zone : 'UTC';
	}

	/**
	 * A database's moment in the domain's time zone.
	 */
	public static function moment($settings, ?string $value, string $format = ''): string {
		if (empty($value)) {
			return '';
		}
		if ($format === '') {
			$format = $settings->get('domain', 'time_format') == '24h' ? 'Y-m-d H:i:s' : 'Y-m-d h:i:s a';
		}
		return (new DateTime($value))->setTimezone(new DateTimeZone(self::time_zone($settings)))->format($format);
	}

	public static function duration($milliseconds): string {
		$seconds = intdiv((int) $milliseconds, 1000);
		return sprintf('%d:%02d', intdiv($seconds, 60), $seconds % 60);
	}
}
