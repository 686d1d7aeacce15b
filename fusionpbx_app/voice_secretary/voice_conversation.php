<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_conversation_view');
	$may_rate = permission_exists('voice_conversation_edit') && permission_exists('voice_message_edit');
	$may_export = permission_exists('voice_conversation_export');
	$may_erase = permission_exists('voice_conversation_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the conversation of this domain, with all that was said
	$row = voice_rows::find($database, 'voice_conversations', $_REQUEST['id'] ?? null, $domain_uuid);
	if ($row === null) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_conversations.php');
	}
	$conversation_uuid = $row['voice_conversation_uuid'];
	$own_url = 'voice_conversation.php?id='.urlencode($conversation_uuid);
	$sql = "select voice_message_uuid, message_index, turn_number, speaker, message_text, heard_text, language, confidence, digits, message_date, ";
	$sql .= "audio_ref, audio_ms, played_ms, cast(barged_in as text) as barged_in, action, intent, latency, providers, sources, tools, feedback_rating, feedback_note ";
	$sql .= "from v_voice_messages where domain_uuid = :domain_uuid and voice_conversation_uuid = :conversation_uuid order by message_index asc ";
	$messages = $database->select($sql, ['domain_uuid' => $domain_uuid, 'conversation_uuid' => $conversation_uuid], 'all');
	$messages = is_array($messages) ? $messages : [];
	$service = new voice_service($database, $domain_uuid);

//its call detail record
	$sql = "select record_name from v_xml_cdr where domain_uuid = :domain_uuid and xml_cdr_uuid = :call_uuid ";
	$cdr = $database->select($sql, ['domain_uuid' => $domain_uuid, 'call_uuid' => $row['call_uuid']], 'row');
	$has_cdr = permission_exists('xml_cdr_details') && is_array($cdr) && !empty($cdr);
	$cdr_recorded = permission_exists('xml_cdr_view') && !empty($cdr['record_name']);

//its audio, fetched by this server
	if (isset($_GET['audio'])) {
		$ref = is_string($_GET['audio']) && preg_match('/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/', $_GET['audio']) ? $_GET['audio'] : '';
		session_write_close();
		header('Cache-Control: private, no-store');
		if ($ref !== '' && $service->pass_on('/conversations/'.$conversation_uuid.'/audio/'.$ref)) {
			exit;
		}
		//in turn mode FreeSWITCH records, and the file is the call detail record's
		if ($ref === 'recording' && $cdr_recorded) {
			header('Location: '.PROJECT_PATH.'/app/xml_cdr/download.php?id='.urlencode($row['call_uuid']).'&t=bin');
			exit;
		}
		http_response_code(404);
		exit;
	}

//a rating, for the page's own script
	if (($_POST['action'] ?? '') === 'rate' && $may_rate) {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
		$rated = ['feedback_rating' => voice_form::posted_choice($_POST, 'rating', ['1', '-1'], ''), 'feedback_note' => voice_form::posted($_POST, 'note', 2000)];
		$message_uuid = voice_form::posted($_POST, 'message', 36);
		$message = $message_uuid === '' ? null : voice_rows::find($database, 'voice_messages', $message_uuid, $domain_uuid);
		if ($message_uuid !== '' && ($message === null || $message['voice_conversation_uuid'] !== $conversation_uuid)) {
			voice_page::answer_json(['problem' => $text['message-not_found']], 404);
		}
		$table = $message === null ? 'voice_conversations' : 'voice_messages';
		$key = database::singular($table).'_uuid';
		$before = $message ?? $row;
		$saved = voice_rows::save($database, [$table => [$rated + [$key => $before[$key], 'domain_uuid' => $domain_uuid]]], [$table => [$before[$key] => $before]]);
		voice_page::answer_json($saved ? ['rating' => $rated['feedback_rating']] : ['problem' => $text['message-not_saved']]);
	}

//forget all of this caller
	if (($_POST['action'] ?? '') === 'erase' && $may_erase) {
		voice_page::require_genuine($text, $own_url);
		$answer = $service->post('/conversations/erase', ['caller_number' => (string) $row['caller_number']]);
		if ($answer->is_ok()) {
			message::add($text['message-erased'].' ('.(int) ($answer->data['conversations'] ?? 0).')');
			voice_page::go('voice_conversations.php');
		}
		message::add($answer->reason($text), 'negative', 8000);
		voice_page::go($own_url);
	}

//export it
	if ($may_export && ($_GET['export'] ?? '') === 'json') {
		$whole = $row;
		foreach (['latency', 'providers'] as $name) {
			$whole[$name] = voice_rows::json($whole[$name] ?? null);
		}
		$whole['messages'] = array_map(function ($message) {
			foreach (['latency', 'providers', 'sources', 'tools'] as $name) {
				$message[$name] = voice_rows::json($message[$name]);
			}
			return $message;
		}, $messages);
		header('Content-Type: application/json; charset=utf-8');
		header('Content-Disposition: attachment; filename="conversation-'.$conversation_uuid.'.json"');
		echo json_encode($whole, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
		exit;
	}

//the bars: stages in the order they come in, and how each is drawn
	$stages = ['endpointing' => '#8884d8', 'stt' => '#2a9df4', 'retrieval' => '#17a2b8', 'llm_first_token' => '#f0a830', 'first_sentence' => '#f7c873', 'llm' => '#f0a830', 'tts_first_byte' => '#03c04a', 'tts' => '#03c04a', 'playout' => '#9aa0a6'];
	$longest = 1;
	$bars = [];
	foreach ($messages as $message) {
		$latency = voice_rows::json($message['latency']);
		if ($message['speaker'] === 'secretary' && !empty($latency['total'])) {
			$bars[(int) $message['turn_number']] = $latency;
			$longest = max($longest, (float) $latency['total']);
		}
	}

//include header
	$document['title'] = $text['title-voice_conversation'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_conversations.php');

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".escape($row['caller_number'] ?: $text['label-anonymous'])." &rarr; ".escape($row['secretary_name'] ?? '')."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'link' => 'voice_conversations.php']);
	if ($has_cdr) {
		echo button::create(['type' => 'button', 'label' => $text['button-cdr'], 'icon' => 'list', 'link' => PROJECT_PATH.'/app/xml_cdr/xml_cdr_details.php?id='.urlencode($row['call_uuid'])]);
	}
	if ($may_export) {
		echo button::create(['type' => 'button', 'label' => $text['button-export'], 'icon' => $settings->get('theme', 'button_icon_export'), 'link' => $own_url.'&export=json']);
	}
	if ($may_erase && !empty($row['caller_number'])) {
		echo button::create(['type' => 'button', 'label' => $text['button-erase'], 'icon' => $settings->get('theme', 'button_icon_delete'), 'id' => 'btn_erase', 'onclick' => "modal_open('modal-erase','btn_erase');"]);
	}
	echo "	</div>\n	<div style='clear: both;'></div>\n</div>\n";
	if ($may_erase) {
		echo modal::create(['id' => 'modal-erase', 'type' => 'general', 'title' => $text['modal_title-erase'], 'message' => $text['modal_message-erase'], 'actions' => button::create(['type' => 'button', 'label' => $text['button-continue'], 'icon' => 'check', 'id' => 'btn_erase_continue', 'style' => 'float: right; margin-left: 15px;', 'collapse' => 'never', 'onclick' => "document.getElementById('form_erase').submit();"])]);
		echo "<form method='post' id='form_erase' action='".escape($own_url)."'><input type='hidden' name='action' value='erase'>".voice_page::token_field()."</form>\n";
	}
	echo "<form id='form_rate'>".voice_page::token_field()."</form>\n";

	echo "<div class='voice_grid'>\n";
	echo "<div class='card' style='flex: 2 1 480px;'>\n";
	if (!empty($row['recording_ref']) || $cdr_recorded) {
		echo "<audio id='voice_audio' controls preload='none' style='width: 100%; margin-bottom: 10px;' src='".escape($own_url)."&audio=recording'></audio>\n";
	}
	echo "<audio id='voice_piece' preload='none'></audio>\n";
	echo "<div class='voice_chat'>\n";
	foreach ($messages as $message) {
		$is_secretary = $message['speaker'] === 'secretary';
		$start = max(0, (new DateTime($message['message_date'] ?? $row['started_date']))->format('U.u') - (new DateTime($row['answered_date'] ?? $row['started_date']))->format('U.u'));
		$audio = empty($message['audio_ref']) ? '' : " data-audio='".escape($message['audio_ref'])."'";
		echo "<div class='voice_line".($is_secretary ? ' voice_secretary_line' : '')."' data-start='".round($start, 2)."'".$audio." tabindex='0'>\n";
		$said = (string) $message['message_text'];
		$heard = $message['heard_text'];
		if ($is_secretary && $heard !== null && $heard !== $said && $heard !== '' && strpos($said, $heard) === 0) {
			echo voice_form::attribute($heard)."<span class='voice_unheard' title=\"".$text['label-not_heard']."\">".voice_form::attribute(substr($said, strlen($heard)))."</span>\n";
		}
		else {
			echo voice_form::attribute($said === '' && $message['digits'] !== null && $message['digits'] !== '' ? $text['label-key'].' '.$message['digits'] : $said)."\n";
		}
		$notes = [sprintf('%d:%02d', intdiv((int) $start, 60), (int) $start % 60)];
		if (!$is_secretary && $message['confidence'] !== null) {
			$notes[] = round($message['confidence'] * 100).' %';
		}
		if ($message['barged_in'] === 'true') {
			$notes[] = $text['label-interrupted'];
		}
		if (!empty($message['action']) && $message['action'] !== 'continue') {
			$notes[] = $text['label-action'].': '.$message['action'];
		}
		if (!empty($message['intent'])) {
			$notes[] = $text['label-intent'].': '.$message['intent'];
		}
		foreach (array_filter(voice_rows::json($message['sources']), 'is_string') as $source) {
			$notes[] = $text['label-source'].': '.$source;
		}
		foreach (voice_rows::json($message['tools']) as $tool) {
			$notes[] = $text['label-tool'].': '.(is_array($tool) ? ($tool['name'] ?? $tool['tool'] ?? '') : '');
		}
		echo "<div class='voice_small'>".escape(implode(' · ', $notes));
		if ($may_rate && $is_secretary) {
			foreach (['1' => 'up', '-1' => 'down'] as $rating => $way) {
				$is_on = $message['feedback_rating'] !== null && (int) $message['feedback_rating'] === (int) $rating;
				echo " <button type='button' class='voice_button".($is_on ? ' voice_on' : '')."' data-rate='".$rating."' data-message='".escape($message['voice_message_uuid'])."' title=\"".$text[$rating === 1 ? 'label-good' : 'label-bad']."\"><span class='fa-solid fa-thumbs-".$way."'></span></button>";
			}
		}
		echo "</div>\n</div>\n";
	}
	echo "</div>\n</div>\n";

	echo "<div class='card'>\n<table class='list'>\n";
	$facts = [
		$text['label-date'] => voice_page::moment($settings, $row['started_date']),
		$text['label-duration'] => voice_page::duration($row['duration_ms']),
		$text['label-outcome'] => ($text['label-resolution_'.$row['resolution']] ?? '').(empty($row['transferred_to']) ? '' : ': '.$row['transferred_to']),
		$text['label-ended_by'] => trim(($row['end_reason'] ?? '').' '.($row['hangup_cause'] ?? '')),
		$text['label-secretary_mode'] => $text['label-mode_'.$row['conversation_mode']] ?? '',
		$text['label-version'] => (string) (int) $row['secretary_version'],
		$text['label-language'] => $row['language'] ?? '',
		$text['label-tokens'] => (int) $row['prompt_tokens'].' + '.(int) $row['completion_tokens'],
		$text['label-cost'] => $row['cost_cents'] === null ? '' : round($row['cost_cents'], 2).' ¢',
		$text['label-providers'] => implode(', ', array_map(function ($kind, $names) { return $kind.': '.implode(' ', (array) $names); }, array_keys(voice_rows::json($row['providers'])), voice_rows::json($row['providers']))),
		$text['label-message_taken'] => $row['message_text'] ?? '',
		$text['label-summary'] => $row['summary'] ?? '',
	];
	foreach ($facts as $label => $value) {
		if ($value !== '') {
			echo "<tr class='list-row'><td style='width: 35%;'>".escape($label)."</td><td style='white-space: normal;'>".voice_form::attribute($value)."</td></tr>\n";
		}
	}
	echo "</table>\n";
	if ($may_rate) {
		echo "<br /><b>".$text['label-feedback']."</b> ";
		foreach (['1' => 'up', '-1' => 'down'] as $rating => $way) {
			$is_on = $row['feedback_rating'] !== null && (int) $row['feedback_rating'] === (int) $rating;
			echo "<button type='button' class='voice_button".($is_on ? ' voice_on' : '')."' data-rate='".$rating."' data-message=''><span class='fa-solid fa-thumbs-".$way."'></span></button>";
		}
		echo "<br />".voice_form::textarea('feedback_note', $row['feedback_note'] ?? '', 2000, 50)."\n";
		echo button::create(['type' => 'button', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_note']);
	}
	if (!empty($bars)) {
		echo "<br /><br /><b>".$text['label-latency']."</b><br />\n";
		foreach ($bars as $turn => $latency) {
			//in turn mode the first token lies inside llm, in realtime the stages follow each other
			$drawn = $row['conversation_mode'] === 'realtime' ? ['endpointing', 'stt', 'retrieval', 'llm_first_token', 'first_sentence', 'tts_first_byte', 'playout'] : ['stt', 'retrieval', 'llm', 'tts'];
			echo "<div class='voice_small'>".$turn.': '.round($latency['total'])." ms</div>\n<div class='voice_bar' style='width: ".round(100 * $latency['total'] / $longest, 1)."%;'>";
			foreach ($drawn as $stage) {
				if (!empty($latency[$stage])) {
					echo "<span style='width: ".round(100 * $latency[$stage] / $latency['total'], 1)."%; background: ".$stages[$stage].";' title='".$stage.' '.round($latency[$stage])." ms'></span>";
				}
			}
			echo "</div>\n";
		}
		echo "<div class='voice_small voice_legend'>";
		foreach ($row['conversation_mode'] === 'realtime' ? ['endpointing', 'stt', 'retrieval', 'llm_first_token', 'tts_first_byte', 'playout'] : ['stt', 'retrieval', 'llm', 'tts'] as $stage) {
			echo "<span style='background: ".$stages[$stage].";'></span>".$text['label-stage_'.$stage];
		}
		echo "</div>\n";
	}
	echo "</div>\n</div>\n";

	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/conversation.js'></script>\n";
	echo "<script>voice_conversation(".voice_page::script_json(['url' => $own_url, 'failed' => $text['message-page_failed']]).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
