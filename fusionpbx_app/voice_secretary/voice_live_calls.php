<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_live_call_view');
	$may_act = permission_exists('voice_live_call_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$live_calls = new voice_live_calls($database, $domain_uuid);

//what is said now, for the page's own script; the session is not held meanwhile
	if (($_GET['action'] ?? '') === 'poll') {
		session_write_close();
		voice_page::answer_json(['calls' => $live_calls->all()]);
	}

//end, transfer, listen
	if (!empty($_POST['action'])) {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
		if (!$may_act) {
			voice_page::answer_json(['problem' => $text['message-not_found']], 403);
		}
		$call_uuid = voice_form::posted($_POST, 'call', 36);
		$done = false;
		switch ($_POST['action']) {
			case 'end':
				$done = $live_calls->end($call_uuid);
				break;
			case 'transfer':
				$done = $live_calls->transfer($call_uuid, voice_form::posted($_POST, 'destination', 36), $_SESSION['domain_name']);
				break;
			case 'listen':
				$extensions = array_column($_SESSION['user']['extension'] ?? [], 'user');
				$done = $live_calls->listen($call_uuid, voice_form::posted_choice($_POST, 'extension', $extensions, (string) ($extensions[0] ?? '')), $_SESSION['domain_name']);
				break;
		}
		voice_page::answer_json($done ? ['done' => true] : ['problem' => $text['message-call_not_reached']]);
	}

//where calls may be transferred
	$sql = "select voice_transfer_destination_uuid, destination_name from v_voice_transfer_destinations ";
	$sql .= "where domain_uuid = :domain_uuid and destination_enabled = true order by destination_order asc, destination_name asc ";
	$destinations = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$destinations = array_column(is_array($destinations) ? $destinations : [], 'destination_name', 'voice_transfer_destination_uuid');

//include header
	$document['title'] = $text['title-voice_live_calls'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_live_calls.php');

//show the content
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_live_calls']."</b><div class='count' id='voice_count'>0</div></div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_live_calls']."<br /><br />\n";
	echo "<form id='form_act'>".voice_page::token_field()."</form>\n";
	echo "<div id='voice_away' style='display: none;'>";
	voice_page::notice($text['message-page_failed']);
	echo "</div>\n<div class='voice_grid' id='voice_calls'></div>\n";

	$labels = ['none' => $text['label-no_live_calls'], 'anonymous' => $text['label-anonymous'], 'end' => $text['button-end'], 'listen' => $text['button-listen'], 'transfer' => $text['button-transfer'], 'failed' => $text['message-page_failed'], 'turns' => $text['label-turns'], 'mode_turn' => $text['label-mode_turn'], 'mode_realtime' => $text['label-mode_realtime'], 'sure' => $text['label-sure_end']];
	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/live_calls.js'></script>\n";
	echo "<script>voice_live_calls(".voice_page::script_json(['labels' => $labels, 'destinations' => $destinations, 'may_act' => $may_act, 'has_extension' => !empty($_SESSION['user']['extension'])]).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
