<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_document_view');
	$may_add = permission_exists('voice_document_add');
	$may_edit = permission_exists('voice_document_edit');
	$may_delete = permission_exists('voice_document_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$list = new voice_list(['insert_date', 'document_name', 'document_type', 'document_bytes', 'status'], 'desc');
	$secretaries = voice_rows::secretaries($database, $domain_uuid);
	$service = new voice_service($database, $domain_uuid);

//what the page's own script asks
	$asked = is_string($_POST['action'] ?? null) ? $_POST['action'] : '';
	if (in_array($asked, ['upload', 'ask'])) {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
	}
	$secretary_uuid = voice_form::posted_choice($_POST, 'secretary_uuid', array_keys($secretaries), '');
	if ($asked === 'upload' && $may_add) {
		$file = $_FILES['file'] ?? null;
		if (!is_array($file) || !is_string($file['tmp_name'] ?? null) || ($file['error'] ?? UPLOAD_ERR_NO_FILE) !== UPLOAD_ERR_OK || !is_uploaded_file($file['tmp_name'])) {
			$too_large = is_array($file) && in_array($file['error'] ?? 0, [UPLOAD_ERR_INI_SIZE, UPLOAD_ERR_FORM_SIZE], true);
			voice_page::answer_json(['problem' => $text[$too_large ? 'message-file_too_large' : 'message-file_not_received'].($too_large ? ' ('.ini_get('upload_max_filesize').')' : '')]);
		}
		$tag = voice_form::posted_choice($_POST, 'language', array_keys(voice_secretary_settings::languages), '');
		$answer = $service->upload('/documents', $file['tmp_name'], mb_substr(basename((string) $file['name']), 0, 200), ['secretary_uuid' => $secretary_uuid, 'language' => $tag]);
		voice_page::answer_json($answer->is_ok() ? ['document_uuid' => $answer->data['document_uuid'] ?? '', 'is_new' => $answer->status === 202] : ['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
	}
	if ($asked === 'ask') {
		$question = ['question' => voice_form::posted($_POST, 'question', 2000), 'limit' => 5] + ($secretary_uuid === '' ? [] : ['secretary_uuid' => $secretary_uuid]);
		$answer = $service->post('/knowledge/search', $question);
		voice_page::answer_json($answer->is_ok() ? $answer->data : ['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
	}

//process the http post data by action
	if (!empty($asked) && !in_array($asked, ['upload', 'ask']) && isset($_POST['voice_documents'])) {
		voice_page::require_genuine($text, $list->url('voice_documents.php'));
		$problem = '';
		foreach (voice_rows::checked($database, 'voice_documents', $_POST['voice_documents'], $domain_uuid) as $row) {
			$answer = null;
			if ($asked === 'delete' && $may_delete) {
				$answer = $service->delete('/documents/'.$row['voice_document_uuid']);
			}
			if ($asked === 'refresh' && $may_edit) {
				$answer = $service->post('/documents/'.$row['voice_document_uuid'].'/reindex');
			}
			if ($answer !== null && !$answer->is_ok()) {
				$problem = $answer->reason($text);
			}
		}
		$problem === '' ? message::add($text[$asked === 'delete' ? 'message-delete' : 'message-reindexing']) : message::add($problem, 'negative', 8000);
		voice_page::go($list->url('voice_documents.php'));
	}

//get the list: the queue of what is being done is the service's own table
	$parameters = ['domain_uuid' => $domain_uuid];
	$has_queue = voice_tables::migrated($database);
	$sql_where = "where d.domain_uuid = :domain_uuid ".$list->searched(['d.document_name', 'd.document_type'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_documents as d ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select d.voice_document_uuid, d.document_name, d.document_type, d.document_language, d.document_bytes, d.insert_date, ";
	$sql .= "d.voice_secretary_uuid, d.document_version, ";
	$sql .= ($has_queue ? "coalesce(j.job_status, d.document_status) as status, coalesce(j.job_progress, d.document_progress) as progress, coalesce(j.job_error, d.document_error) as error, " : "d.document_status as status, d.document_progress as progress, d.document_error as error, ");
	$sql .= "(select count(*) from v_voice_chunks as c where c.domain_uuid = d.domain_uuid and c.voice_document_uuid = d.voice_document_uuid) as chunk_count ";
	$sql .= "from v_voice_documents as d ";
	$sql .= $has_queue ? "left join v_voice_document_jobs as j on j.domain_uuid = d.domain_uuid and j.voice_document_uuid = d.voice_document_uuid " : "";
	$sql .= $sql_where;
	$sql .= order_by($list->order_by, $list->order, 'insert_date', 'desc');
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];

	if (($_GET['action'] ?? '') === 'status') {
		$states = [];
		foreach ($rows as $row) {
			$states[$row['voice_document_uuid']] = ['status' => $row['status'], 'progress' => (int) $row['progress'], 'error' => $row['error'], 'chunk_count' => (int) $row['chunk_count'], 'label' => $text['label-status_'.$row['status']] ?? ''];
		}
		voice_page::answer_json(['documents' => $states]);
	}
	$health = $service->health();

//include header
	$document['title'] = $text['title-voice_documents'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_documents.php');
	if ($health->is_away()) {
		voice_page::notice($health->reason($text));
	}

//show the content
	$buttons = '';
	if ($may_edit && $rows) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-reindex'], 'icon' => $settings->get('theme', 'button_icon_refresh', 'rotate'), 'id' => 'btn_refresh', 'onclick' => "list_action_set('refresh'); list_form_submit('form_list');"]);
	}
	$list->head($settings, $text, $text['title-voice_documents'], $num_rows, $buttons, array_keys(array_filter(['delete' => $may_delete && $rows])));
	echo $text['description-voice_documents']."\n<br /><br />\n";

	echo "<div class='voice_grid'>\n";
	if ($may_add) {
		echo "<div class='card'><b>".$text['label-upload']."</b><br /><br />\n";
		echo "<form id='voice_upload'>\n".voice_page::token_field();
		echo "<input type='file' class='formfld' id='voice_files' multiple accept='.pdf,.docx,.txt,.md,.html,.htm,.csv'><br />\n";
		echo voice_form::select('upload_secretary', ['' => $text['label-all_secretaries']] + $secretaries, '').' ';
		echo voice_form::select('upload_language', ['' => $text['label-language_found']] + voice_secretary_settings::languages, '').' ';
		echo button::create(['type' => 'submit', 'label' => $text['button-upload'], 'icon' => $settings->get('theme', 'button_icon_upload', 'upload'), 'id' => 'btn_upload']);
		echo "</form>\n<div id='voice_uploads' style='margin-top: 10px;'></div>\n";
		echo "<div class='voice_small'>".$text['description-upload']."</div></div>\n";
	}
	echo "<div class='card'><b>".$text['label-ask']."</b><br /><br />\n";
	echo "<form id='voice_ask'>\n";
	echo voice_form::text('question', '', ['maxlength' => '2000', 'required' => 'required', 'placeholder' => $text['label-ask_question'], 'style' => 'width: 60%; min-width: 200px;']).' ';
	echo button::create(['type' => 'submit', 'label' => $text['button-ask'], 'icon' => 'magnifying-glass', 'id' => 'btn_ask']);
	echo "</form>\n<div id='voice_hits' style='margin-top: 10px;'></div></div>\n";
	echo "</div><br />\n";

	$has_checkbox = $may_edit || $may_delete;
	$list->table([
		'document_name' => [$text['label-name'], ''],
		'document_type' => [$text['label-type'], "class='hide-sm-dn'"],
		0 => [$text['label-language'], "class='hide-sm-dn'"],
		1 => [$text['label-secretary'], "class='hide-sm-dn'"],
		'document_bytes' => [$text['label-size'], "class='right hide-sm-dn'"],
		2 => [$text['label-chunks'], "class='center'"],
		'status' => [$text['label-status'], ''],
		'insert_date' => [$text['label-date'], "class='hide-sm-dn'"],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = "voice_document.php?id=".urlencode($row['voice_document_uuid']);
		echo "<tr class='list-row' href='".$link."' data-document='".escape($row['voice_document_uuid'])."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_documents', $x, $row['voice_document_uuid']);
		}
		echo "	<td><a href='".$link."'>".escape($row['document_name'])."</a></td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['document_type'] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['document_language'] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['voice_secretary_uuid'] === null ? $text['label-all_secretaries'] : $secretaries[$row['voice_secretary_uuid']] ?? '')."</td>\n";
		echo "	<td class='right hide-sm-dn'>".($row['document_bytes'] === null ? '' : escape(number_format($row['document_bytes'] / 1024, 1).' KB'))."</td>\n";
		echo "	<td class='center voice_count'>".(int) $row['chunk_count']."</td>\n";
		echo "	<td class='no-link voice_state'></td>\n";
		echo "	<td class='hide-sm-dn'>".escape(voice_page::moment($settings, $row['insert_date']))."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();

	$states = [];
	foreach ($rows as $row) {
		$states[$row['voice_document_uuid']] = ['status' => $row['status'], 'progress' => (int) $row['progress'], 'error' => $row['error'], 'chunk_count' => (int) $row['chunk_count'], 'label' => $text['label-status_'.$row['status']] ?? ''];
	}
	$labels = ['failed' => $text['message-page_failed'], 'sending' => $text['label-sending'], 'received' => $text['label-received'], 'known' => $text['label-known_file'], 'nothing' => $text['label-nothing_found'], 'good' => $text['label-good_enough'], 'weak' => $text['label-not_good_enough'], 'page' => $text['label-page'], 'not_found' => $text['label-words_not_found']];
	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/documents.js'></script>\n";
	echo "<script>voice_documents(".voice_page::script_json(['states' => $states, 'labels' => $labels, 'status_url' => $list->url('voice_documents.php').(strpos($list->url('voice_documents.php'), '?') === false ? '?' : '&').'action=status']).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
